import { z } from 'zod';
import { codeRange } from '../../core/color.ts';
import { chromaSize, deepened, type FrameFormat } from '../../core/format.ts';
import type { Frame, Plane } from '../../core/frame.ts';
import type { StageContext } from '../../core/stage.ts';
import { codesFor } from '../pixels/codes.ts';
import { defineStage } from './define.ts';
import { codingOf, jobFor, mixedLookAhead, nothing, pictureModel } from './environment.ts';
import { mapPictures, replaced } from './map-frames.ts';
import { lumaThrough, rgbThrough, type PictureNetwork } from './picture-network.ts';

const schema = z.strictObject({
  /** Size of the picture that comes out, in pixels. */
  width: z.number().int().min(2).max(16384),
  height: z.number().int().min(2).max(16384),
  /** For networks that take a noise level: how much they clean, 0..1. */
  strength: z.number().min(0).max(1).default(0),
});

let neutral: { readonly key: string; readonly plane: Plane } | undefined;

/** A chroma plane without color; the same memory for every frame of a film, since planes are never written to. */
function neutralPlane({ width, height, color, pixelFormat }: FrameFormat): Plane {
  const { sampling, bitDepth } = pixelFormat;
  const size = chromaSize(width, height, sampling);
  const codes = codeRange(color.range, bitDepth);
  const key = [size.width, size.height, codes.neutral, bitDepth].join(' ');
  if (neutral?.key !== key) {
    neutral = { key, plane: codesFor(size.width * size.height, codes.max).fill(codes.neutral) };
  }
  return neutral.plane;
}

/** Luma through the network, chroma planes by resampling, each in its own job. */
async function upscaleApart(
  by: PictureNetwork,
  frame: Frame,
  to: FrameFormat,
  context: StageContext,
): Promise<readonly Plane[]> {
  const [, ...chroma] = frame.planes;
  const bright = lumaThrough(by, frame, to, context);
  if (chroma.length === 0) return [await bright];
  if (frame.chromaGrid) {
    // apply-chroma is going to write these planes: what the source has there need not be enlarged.
    const none = neutralPlane(to);
    return [await bright, none, none];
  }
  const color = by.environment.engine.run(
    () =>
      ({
        task: 'resize-chroma',
        planes: chroma.map((plane) => plane.slice()),
        sampling: to.pixelFormat.sampling,
        location: to.chromaLocation,
        source: codingOf(frame.format),
        target: codingOf(to),
      }) as const,
    jobFor(frame, context),
  );
  const [plane, { planes }] = await Promise.all([bright, color]);
  return [plane, ...planes];
}

export const upscale = defineStage({
  kind: 'upscale',
  summary: 'Enlarges the picture: luma by a network, chroma by resampling; or both by an RGB network.',
  schema,
  create: (options, environment) => {
    const { engine } = environment;
    const model = pictureModel('upscale', environment.model);
    const by: PictureNetwork = { environment, model, strength: options.strength };
    const enlarge = model.manifest.adapter === 'rgb-sr' ? rgbThrough : upscaleApart;
    const ahead = (): number => (enlarge === rgbThrough ? engine.lookAhead : mixedLookAhead(engine));
    const outputFormat = (input: FrameFormat): FrameFormat => ({
      ...deepened(input),
      width: options.width,
      height: options.height,
    });
    return {
      outputFormat,
      run: (frames, context) =>
        mapPictures(frames, ahead, {
          inputs: ({ planes, chromaGrid }) => [...planes, chromaGrid !== undefined],
          compute: (frame) => enlarge(by, frame, outputFormat(frame.format), context),
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
