import { z } from 'zod';
import { deepened, type FrameFormat } from '../../core/format.ts';
import type { Frame, Plane } from '../../core/frame.ts';
import type { StageContext } from '../../core/stage.ts';
import { defineStage } from './define.ts';
import { codingOf, jobFor, mixedLookAhead, nothing, pictureModel } from './environment.ts';
import { mapPictures, replaced } from './map-frames.ts';
import { lumaThrough, rgbThrough, type PictureNetwork } from './picture-network.ts';

const schema = z.strictObject({
  /** Noise to take away: its standard deviation in 8-bit code values divided by 50. 0 changes nothing at all. */
  strength: z.number().min(0).max(1),
});

/** Luma through the network, chroma by a filter that the clean luma guides. */
async function denoiseApart(
  by: PictureNetwork,
  frame: Frame,
  to: FrameFormat,
  context: StageContext,
): Promise<readonly Plane[]> {
  const [, ...chroma] = frame.planes;
  const plane = await lumaThrough(by, frame, to, context);
  if (chroma.length === 0) return [plane];
  const { planes } = await by.environment.engine.run(
    () =>
      ({
        task: 'denoise-chroma',
        planes: chroma.map((each) => each.slice()),
        sampling: to.pixelFormat.sampling,
        location: to.chromaLocation,
        source: codingOf(frame.format),
        luma: plane.slice(),
        target: codingOf(to),
        strength: by.strength,
      }) as const,
    jobFor(frame, context),
  );
  return [plane, ...planes];
}

export const denoise = defineStage({
  kind: 'denoise',
  summary:
    'Takes noise and grain away: luma by a network, chroma by a filter that luma guides; or both by an RGB network.',
  schema,
  create: ({ strength }, environment) => {
    const { engine } = environment;
    const model = pictureModel('denoise', environment.model);
    const by: PictureNetwork = { environment, model, strength };
    const clean = model.manifest.adapter === 'rgb-denoise' ? rgbThrough : denoiseApart;
    const ahead = (): number => (clean === rgbThrough ? engine.lookAhead : mixedLookAhead(engine));
    const outputFormat = (input: FrameFormat): FrameFormat => (strength === 0 ? input : deepened(input));
    return {
      outputFormat,
      run: (frames, context) =>
        strength === 0
          ? frames
          : mapPictures(frames, ahead, {
              inputs: ({ planes }) => planes,
              compute: (frame) => clean(by, frame, outputFormat(frame.format), context),
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
