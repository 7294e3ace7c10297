import { z } from 'zod';
import type { FrameFormat } from '../../core/format.ts';
import type { Frame, Plane } from '../../core/frame.ts';
import type { StageContext } from '../../core/stage.ts';
import { defineStage } from './define.ts';
import {
  codingOf,
  deepened,
  jobFor,
  nothing,
  pictureModel,
  type PictureModel,
  type RestoreEnvironment,
} from './environment.ts';
import { mapPictures, replaced } from './map-frames.ts';
import { storedLuma, storedPlanes } from './stored.ts';

const schema = z.object({
  /** Noise to take away: its standard deviation in 8-bit code values divided by 50. 0 changes nothing at all. */
  strength: z.number().min(0).max(1),
});

interface Denoiser {
  readonly environment: RestoreEnvironment;
  readonly model: PictureModel;
  readonly strength: number;
}

/** Luma through the network, chroma by a filter that the clean luma guides. */
async function denoiseApart(
  frame: Frame,
  to: FrameFormat,
  by: Denoiser,
  context: StageContext,
): Promise<readonly Plane[]> {
  const { environment, model, strength } = by;
  const { engine } = environment;
  const job = jobFor(frame, context);
  const [luma, ...chroma] = frame.planes;
  if (!luma) throw new RangeError(`Frame ${frame.index} has no planes`);
  const [source, target] = [codingOf(frame.format), codingOf(to)];
  const plane = await storedLuma(frame, to, environment, context, () =>
    engine.run(() => ({ task: 'luma', model, plane: luma.slice(), source, target, strength }) as const, job),
  );
  if (chroma.length === 0) return [plane];
  const { planes } = await engine.run(
    () =>
      ({
        task: 'denoise-chroma',
        planes: chroma.map((each) => each.slice()),
        sampling: to.pixelFormat.sampling,
        source,
        luma: plane.slice(),
        target,
        strength,
      }) as const,
    job,
  );
  return [plane, ...planes];
}

/** All planes through a network that takes RGB. */
async function denoiseRgb(
  frame: Frame,
  to: FrameFormat,
  by: Denoiser,
  context: StageContext,
): Promise<readonly Plane[]> {
  const { environment } = by;
  return storedPlanes(frame, to, environment, context, () =>
    environment.engine.run(
      () =>
        ({
          task: 'rgb',
          model: by.model,
          planes: frame.planes.map((plane) => plane.slice()),
          sampling: to.pixelFormat.sampling,
          location: to.chromaLocation,
          matrix: to.color.matrix,
          source: codingOf(frame.format),
          target: codingOf(to),
          strength: by.strength,
        }) as const,
      jobFor(frame, context),
    ),
  );
}

export const denoise = defineStage({
  kind: 'denoise',
  summary:
    'Takes noise and grain away: luma by a network, chroma by a filter that luma guides; or both by an RGB network.',
  schema,
  create: ({ strength }, environment) => {
    const { engine } = environment;
    const model = pictureModel('denoise', environment.model);
    const by: Denoiser = { environment, model, strength };
    const clean = model.manifest.adapter === 'rgb-denoise' ? denoiseRgb : denoiseApart;
    const outputFormat = (input: FrameFormat): FrameFormat => (strength === 0 ? input : deepened(input));
    return {
      outputFormat,
      run: (frames, context) =>
        strength === 0
          ? frames
          : mapPictures(frames, () => engine.lookAhead, {
              inputs: ({ planes }) => planes,
              compute: (frame) => clean(frame, outputFormat(frame.format), by, context),
              finish: (frame, planes) => {
                frame.dispose();
                const format = outputFormat(frame.format);
                return replaced(frame, { format, planes, dispose: nothing, chromaGrid: frame.chromaGrid });
              },
              repeated: () => engine.tally.repeated(),
            }),
    };
  },
});
