import type { FrameFormat } from '../../core/format.ts';
import type { Frame, Plane } from '../../core/frame.ts';
import type { StageContext } from '../../core/stage.ts';
import { codingOf, jobFor, type PictureModel, type RestoreEnvironment } from './environment.ts';
import { storedLuma, storedPlanes } from './stored.ts';

/** A network from picture to picture, as a stage uses it. */
export interface PictureNetwork {
  readonly environment: RestoreEnvironment;
  readonly model: PictureModel;
  /** For networks that take a noise level, 0..1. */
  readonly strength: number;
}

/** The luma of a frame through a network that takes luma; the result is that of a frame of format `to`. */
export function lumaThrough(
  { environment, model, strength }: PictureNetwork,
  frame: Frame,
  to: FrameFormat,
  context: StageContext,
): Promise<Plane> {
  const [luma] = frame.planes;
  if (!luma) throw new RangeError(`Frame ${frame.index} has no planes`);
  const [source, target] = [codingOf(frame.format), codingOf(to)];
  return storedLuma(frame, to, environment, context, () =>
    environment.engine.run(
      () => ({ task: 'luma', model, plane: luma.slice(), source, target, strength }) as const,
      jobFor(frame, context),
    ),
  );
}

/** All planes of a frame through a network that takes RGB. */
export function rgbThrough(
  { environment, model, strength }: PictureNetwork,
  frame: Frame,
  to: FrameFormat,
  context: StageContext,
): Promise<readonly Plane[]> {
  return storedPlanes(frame, to, environment, context, () =>
    environment.engine.run(
      () =>
        ({
          task: 'rgb',
          model,
          planes: frame.planes.map((plane) => plane.slice()),
          sampling: to.pixelFormat.sampling,
          location: to.chromaLocation,
          matrix: to.color.matrix,
          source: codingOf(frame.format),
          target: codingOf(to),
          strength,
        }) as const,
      jobFor(frame, context),
    ),
  );
}
