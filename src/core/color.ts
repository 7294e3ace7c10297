export type BitDepth = 8 | 10 | 12 | 16;

/** H.273 names in the words FFmpeg uses. `unknown` marks what a source does not say. */
export type Matrix = 'bt709' | 'smpte170m' | 'bt470bg' | 'bt2020nc' | 'fcc' | 'smpte240m' | 'gbr' | 'unknown';
export type Range = 'limited' | 'full';

export interface ColorInfo {
  readonly matrix: Matrix;
  /** Transfer characteristics, FFmpeg's name ('bt709', 'smpte2084', ...) or 'unknown'. */
  readonly transfer: string;
  /** Color primaries, FFmpeg's name or 'unknown'. */
  readonly primaries: string;
  readonly range: Range;
}

/** Luma weights of red and blue (H.273 table 4); green is the rest to 1. */
export function lumaWeights(matrix: Matrix): { readonly kr: number; readonly kb: number } {
  switch (matrix) {
    case 'bt709':
    case 'gbr':
      return { kr: 0.2126, kb: 0.0722 };
    case 'bt2020nc':
      return { kr: 0.2627, kb: 0.0593 };
    case 'fcc':
      return { kr: 0.3, kb: 0.11 };
    case 'smpte240m':
      return { kr: 0.212, kb: 0.087 };
    case 'smpte170m':
    case 'bt470bg':
    case 'unknown':
      return { kr: 0.299, kb: 0.114 };
  }
}

/** Code values of a plane: luma = black + y * span for y in 0..1; chroma = neutral + c * chromaSpan for c in -0.5..0.5. */
export interface CodeRange {
  readonly black: number;
  readonly span: number;
  readonly neutral: number;
  readonly chromaSpan: number;
  readonly max: number;
}

/** ITU-R BT.601/709/2100 quantization: 16..235 and 16..240 at 8 bits in limited range, scaled by powers of two above. */
export function codeRange(range: Range, bitDepth: BitDepth): CodeRange {
  const unit = 2 ** (bitDepth - 8);
  const max = 2 ** bitDepth - 1;
  return range === 'limited'
    ? { black: 16 * unit, span: 219 * unit, neutral: 128 * unit, chromaSpan: 224 * unit, max }
    : { black: 0, span: max, neutral: 128 * unit, chromaSpan: max, max };
}

/**
 * Carries color differences from BT.601 (Cb, Cr) to another matrix while luma stays what it is: (B-Y', R-Y') are taken
 * relative to the new luma. Rows give [cb, cr] = M * [cb601, cr601]; all in -0.5..0.5 units, linear and exact.
 */
export function chromaFrom601(matrix: Matrix): readonly [number, number, number, number] {
  const { kr, kb } = lumaWeights(matrix);
  const kg = 1 - kr - kb;
  // RGB offsets from gray for a unit of cb and of cr under BT.601.
  const unitCb = { r: 0, g: (-2 * 0.114 * (1 - 0.114)) / 0.587, b: 2 * (1 - 0.114) };
  const unitCr = { r: 2 * (1 - 0.299), g: (-2 * 0.299 * (1 - 0.299)) / 0.587, b: 0 };
  const row = (unit: { r: number; g: number; b: number }): [number, number] => {
    const luma = kr * unit.r + kg * unit.g + kb * unit.b;
    return [(unit.b - luma) / (2 * (1 - kb)), (unit.r - luma) / (2 * (1 - kr))];
  };
  const [cbFromCb, crFromCb] = row(unitCb);
  const [cbFromCr, crFromCr] = row(unitCr);
  return [cbFromCb, cbFromCr, crFromCb, crFromCr];
}
