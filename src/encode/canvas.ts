import { codeRange } from '../core/color.ts';
import { planeSizes, type FrameFormat } from '../core/format.ts';
import type { Frame, Plane } from '../core/frame.ts';
import type { EncodePlan } from '../core/plan.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const bytesOf = (plane: Plane): Bytes => new Uint8Array(plane.buffer, plane.byteOffset, plane.byteLength);

/** Brings worked-on pictures to the size of the encoded one. */
export interface Canvas {
  /** Format of what `compose` returns: the frames' own samples at the encoded size. */
  readonly format: FrameFormat;
  /** The planes' bytes; valid until the next call. Not a copy where the picture fills the canvas. */
  compose(frame: Frame): readonly Bytes[];
}

/**
 * A canvas for pictures like `first`: black around them as the plan's `pad` says, and a repeated last line or column
 * where the encoder wants an even size.
 */
export function createCanvas(first: FrameFormat, plan: EncodePlan): Canvas {
  const { width, height } = plan.format;
  const format: FrameFormat = { ...first, width, height };
  if (first.width === width && first.height === height) {
    return { format, compose: (frame) => frame.planes.map(bytesOf) };
  }
  const [x, y] = [plan.pad?.x ?? 0, plan.pad?.y ?? 0];
  const sizes = planeSizes(format);
  const pictures = planeSizes(first);
  const { black, neutral } = codeRange(first.color.range, first.pixelFormat.bitDepth);
  const paint = (size: number, value: number): Plane =>
    first.pixelFormat.bitDepth === 8 ? new Uint8Array(size).fill(value) : new Uint16Array(size).fill(value);
  const planes = sizes.map((size, index) => paint(size.width * size.height, index === 0 ? black : neutral));
  // A picture of odd size ends inside a chroma sample: its last luma line or column is repeated under the rest of it.
  const extraColumn = (x + first.width) % 2 === 1 && x + first.width < width;
  const extraRow = (y + first.height) % 2 === 1 && y + first.height < height;

  const place = (source: Plane, index: number): void => {
    const [target, size, picture] = [planes[index], sizes[index], pictures[index]];
    const luma = sizes[0];
    if (!target || !size || !picture || !luma) return;
    const left = Math.round((x * size.width) / luma.width);
    const top = Math.round((y * size.height) / luma.height);
    for (let row = 0; row < picture.height; row++) {
      const at = (top + row) * size.width + left;
      target.set(source.subarray(row * picture.width, (row + 1) * picture.width), at);
      if (extraColumn && index === 0)
        target.fill(target[at + picture.width - 1] ?? 0, at + picture.width, at + picture.width + 1);
    }
    if (extraRow && index === 0) {
      const last = (top + picture.height - 1) * size.width;
      target.copyWithin(last + size.width, last, last + size.width);
    }
  };
  return {
    format,
    compose: (frame) => {
      frame.planes.forEach(place);
      return planes.map(bytesOf);
    },
  };
}
