import { RestorationError } from '../core/errors.ts';
import { bytesPerSample, frameBytes, pixelFormatName, planeSizes, type FrameFormat } from '../core/format.ts';
import type { Frame, Plane } from '../core/frame.ts';
import type { BufferPool } from '../core/pool.ts';
import type { PipedPicture } from './pipe.ts';

/** The format of the small pictures of the analysis pass. */
export const analysisFormat = (format: FrameFormat, size: { width: number; height: number }): FrameFormat => ({
  ...format,
  ...size,
  pixelFormat: { sampling: 'gray', bitDepth: 8 },
});

function planesOf(data: Uint8Array<ArrayBuffer>, format: FrameFormat): Plane[] {
  const wide = bytesPerSample(format.pixelFormat) === 2;
  let at = data.byteOffset;
  return planeSizes(format).map(({ width, height }) => {
    const samples = width * height;
    const plane = wide ? new Uint16Array(data.buffer, at, samples) : new Uint8Array(data.buffer, at, samples);
    at += plane.byteLength;
    return plane;
  });
}

/** A frame whose memory goes back to the pool when it is disposed of. */
export function makeFrame(
  { data }: PipedPicture,
  { format, pool }: { readonly format: FrameFormat; readonly pool: BufferPool },
  index: number,
  pts: bigint,
  duration: bigint,
): Frame {
  let given = false;
  return {
    index,
    pts,
    duration,
    format,
    planes: planesOf(data, format),
    dispose: () => {
      if (given) return;
      given = true;
      pool.give(data);
    },
  };
}

/** A picture of another kind or size than planned would be taken apart wrongly. */
export async function* checkSizes(
  pictures: AsyncGenerator<PipedPicture, void, undefined>,
  format: FrameFormat,
  path: string,
): AsyncGenerator<PipedPicture, void, undefined> {
  const bytes = frameBytes(format);
  const name = pixelFormatName(format.pixelFormat);
  for await (const picture of pictures) {
    const { width, height, pixelFormat } = picture.info;
    if (pixelFormatName(pixelFormat) !== name) {
      throw new RestorationError(
        'DECODE_FAILED',
        `FFmpeg gave ${pixelFormatName(pixelFormat)} pictures of ${path} where ${name} was asked for.`,
      );
    }
    if (width !== format.width || height !== format.height) {
      throw new RestorationError(
        'INPUT_CHANGED',
        `${path} gave a picture of ${width}x${height} where one of ${format.width}x${format.height} was expected.`,
        { hint: 'Run the command again so that the file is looked at anew.' },
      );
    }
    if (picture.data.length !== bytes) {
      throw new RestorationError('DECODE_FAILED', `The decoder of ${path} gave a picture of the wrong size.`, {
        retryable: true,
      });
    }
    yield picture;
  }
}
