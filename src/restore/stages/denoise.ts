import { z } from 'zod';
import type { FrameFormat } from '../../core/format.ts';
import type { Frame } from '../../core/frame.ts';
import type { StageContext } from '../../core/stage.ts';
import type { Engine } from '../engine/engine.ts';
import { defineStage } from './define.ts';
import { codingOf, deepened, jobFor, nothing, pictureModel, type PictureModel } from './environment.ts';
import { mapFrames, replaced } from './map-frames.ts';

const schema = z.object({
  /** Noise to take away: its standard deviation in 8-bit code values divided by 50. 0 changes nothing at all. */
  strength: z.number().min(0).max(1),
});

async function denoiseFrame(
  frame: Frame,
  to: FrameFormat,
  strength: number,
  { engine, model }: { readonly engine: Engine; readonly model: PictureModel },
  context: StageContext,
): Promise<Frame> {
  const [luma, ...chroma] = frame.planes;
  if (!luma) throw new RangeError(`Frame ${frame.index} has no planes`);
  const [source, target] = [codingOf(frame.format), codingOf(to)];
  const job = jobFor(frame, context);
  try {
    const { plane } = await engine.run(
      () => ({ task: 'luma', model, plane: luma.slice(), source, target, strength }) as const,
      job,
    );
    const color =
      chroma.length === 0
        ? undefined
        : await engine.run(
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
    const planes = [plane, ...(color?.planes ?? [])];
    return replaced(frame, { format: to, planes, dispose: nothing, chromaGrid: frame.chromaGrid });
  } finally {
    frame.dispose();
  }
}

export const denoise = defineStage({
  kind: 'denoise',
  summary: 'Takes noise and grain away: luma by a network, chroma by a filter that luma guides.',
  schema,
  create: ({ strength }, environment) => {
    const { engine } = environment;
    const model = pictureModel('denoise', environment.model);
    const outputFormat = (input: FrameFormat): FrameFormat => (strength === 0 ? input : deepened(input));
    return {
      outputFormat,
      run: (frames, context) =>
        strength === 0
          ? frames
          : mapFrames(
              frames,
              () => engine.lookAhead,
              (frame) => denoiseFrame(frame, outputFormat(frame.format), strength, { engine, model }, context),
            ),
    };
  },
});
