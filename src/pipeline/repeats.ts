import type { Frame, FrameStream } from '../core/frame.ts';
import { SharedPicture } from '../core/shared-picture.ts';

/** Whether `frame` shows the picture, bit for bit. */
function shows(frame: Frame, { format: { width, height, pixelFormat }, planes }: SharedPicture): boolean {
  const { format } = frame;
  return (
    format.width === width &&
    format.height === height &&
    format.pixelFormat.bitDepth === pixelFormat.bitDepth &&
    format.pixelFormat.sampling === pixelFormat.sampling &&
    frame.planes.every((plane, i) => {
      const own = planes[i];
      return own !== undefined && bytesOf(plane).equals(bytesOf(own));
    })
  );
}

const bytesOf = (plane: Frame['planes'][number]): Buffer =>
  Buffer.from(plane.buffer, plane.byteOffset, plane.byteLength);

/**
 * Lets a frame that repeats the one before it, bit for bit, share its planes: animation held on twos, telecine, freezes.
 * Stages see by the very same planes that there is nothing to compute. Holds one picture, until another one comes.
 */
export async function* shareRepeats(frames: FrameStream): FrameStream {
  let shown: SharedPicture | undefined;
  try {
    for await (const frame of frames) {
      if (shown && shows(frame, shown)) frame.dispose();
      else {
        shown?.release();
        shown = new SharedPicture(frame);
      }
      yield shown.at(frame);
    }
  } finally {
    shown?.release();
  }
}
