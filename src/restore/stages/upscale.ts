import { z } from 'zod';
import type { FrameFormat } from '../../core/format.ts';
import type { Frame } from '../../core/frame.ts';
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
import { mapFrames, replaced } from './map-frames.ts';

const schema = z.object({
  /** Size of the picture that comes out, in pixels. */
  width: z.number().int().min(2).max(16384),
  height: z.number().int().min(2).max(16384),
  /** For networks that take a noise level: how much they clean, 0..1. */
  strength: z.number().min(0).max(1).default(0),
});
type UpscaleOptions = z.infer<typeof schema>;

/** Luma through the network, chroma planes by resampling, each in its own job. */
async function upscaleFrame(
  frame: Frame,
  to: FrameFormat,
  options: UpscaleOptions,
  { engine, model }: { readonly engine: RestoreEnvironment['engine']; readonly model: PictureModel },
  context: StageContext,
): Promise<Frame> {
  const [luma, ...chroma] = frame.planes;
  if (!luma) throw new RangeError(`Frame ${frame.index} has no planes`);
  const [source, target] = [codingOf(frame.format), codingOf(to)];
  const job = jobFor(frame, context);
  try {
    const [bright, color] = await Promise.all([
      engine.run(
        () => ({ task: 'luma', model, plane: luma.slice(), source, target, strength: options.strength }) as const,
        job,
      ),
      chroma.length === 0
        ? undefined
        : engine.run(
            () =>
              ({
                task: 'resize-chroma',
                planes: chroma.map((plane) => plane.slice()),
                sampling: to.pixelFormat.sampling,
                location: to.chromaLocation,
                source,
                target,
              }) as const,
            job,
          ),
    ]);
    const planes = [bright.plane, ...(color?.planes ?? [])];
    return replaced(frame, { format: to, planes, dispose: nothing, chromaGrid: frame.chromaGrid });
  } finally {
    frame.dispose();
  }
}

export const upscale = defineStage({
  kind: 'upscale',
  summary: 'Enlarges the picture: luma by a network, chroma by resampling.',
  schema,
  create: (options, environment) => {
    const { engine } = environment;
    const model = pictureModel('upscale', environment.model);
    const outputFormat = (input: FrameFormat): FrameFormat => ({
      ...deepened(input),
      width: options.width,
      height: options.height,
    });
    return {
      outputFormat,
      run: (frames, context) =>
        mapFrames(frames, engine.lookAhead, (frame) =>
          upscaleFrame(frame, outputFormat(frame.format), options, { engine, model }, context),
        ),
    };
  },
});
