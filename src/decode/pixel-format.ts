import type { Matrix, Range } from '../core/color.ts';
import { pixelFormatName, type BitDepth, type ChromaSampling, type PixelFormat } from '../core/format.ts';

/** How a decoder's own format relates to the planar one that the pipeline works in. */
export interface WorkingFormat {
  readonly pixelFormat: PixelFormat;
  /** True for RGB, palette and XYZ sources: they pass through a matrix. */
  readonly rgb: boolean;
  readonly alpha: boolean;
  /** True for the yuvj formats: full range is said by the name. */
  readonly fullRange: boolean;
}

const atLeast = (bits: number): BitDepth => (bits <= 8 ? 8 : bits <= 10 ? 10 : bits <= 12 ? 12 : 16);

/** Bits after `p` or the like in names such as yuv420p10le; 8 where the name has none. */
const depthOf = (name: string, prefix: RegExp): number => {
  const digits = /^\d+/.exec(name.replace(prefix, ''))?.[0];
  return digits === undefined ? 8 : Number(digits);
};

/** 4:1:1 and 4:1:0 go to the next sampling that has at least their chroma samples; nothing is thrown away. */
const SAMPLING: Readonly<Record<string, ChromaSampling>> = {
  '420': '420',
  '422': '422',
  '444': '444',
  '410': '420',
  '411': '422',
  '440': '444',
};

const SEMI_PLANAR: Readonly<Record<string, readonly [ChromaSampling, BitDepth]>> = {
  nv12: ['420', 8],
  nv21: ['420', 8],
  nv16: ['422', 8],
  nv20: ['422', 10],
  nv24: ['444', 8],
  nv42: ['444', 8],
  yuyv422: ['422', 8],
  uyvy422: ['422', 8],
  yvyu422: ['422', 8],
  uyyvyy411: ['422', 8],
  monow: ['gray', 8],
  monob: ['gray', 8],
  ayuv64: ['444', 16],
  vuya: ['444', 8],
  vuyx: ['444', 8],
  xv30: ['444', 10],
  xv36: ['444', 12],
  grayf32: ['gray', 16],
};
const WITH_ALPHA = /^(yuva|ya\d|ayuv|vuya$|gbrap|rgba|bgra|argb|abgr)/;
/** One more than the source's bits keeps RGB codes apart in Y'CbCr: 8-bit RGB is exact in 10 bits. */
const RGB_DEPTHS: Readonly<Record<number, BitDepth>> = { 8: 10, 9: 12, 10: 12 };

function rgbDepth(name: string): BitDepth {
  const digits = /^gbra?p(\d+)/.exec(name)?.[1] ?? /^x2(?:rgb|bgr)(\d+)/.exec(name)?.[1];
  if (digits !== undefined) return RGB_DEPTHS[Number(digits)] ?? 16;
  return /48|64|16|f32|f16|xyz/.test(name) ? 16 : 10;
}

/** The nearest planar format that loses nothing of `source` (FFmpeg's name). Unknown names are taken for RGB with 16 bits. */
export function workingFormat(source: string): WorkingFormat {
  const name = source.replace(/(le|be)$/, '');
  const alpha = WITH_ALPHA.test(name);
  const planar = /^yuv[aj]?(4\d\d)p(\d*)$/.exec(name);
  const fixed = SEMI_PLANAR[name];
  const packed = /^[py]([024])(1[026])$/.exec(name);
  const base = { rgb: false, alpha, fullRange: name.startsWith('yuvj') };
  if (planar) {
    const sampling = SAMPLING[planar[1] ?? ''] ?? '444';
    return { ...base, pixelFormat: { sampling, bitDepth: atLeast(Number(planar[2] === '' ? 8 : planar[2])) } };
  }
  if (fixed) return { ...base, pixelFormat: { sampling: fixed[0], bitDepth: fixed[1] } };
  if (packed) {
    const sampling = packed[1] === '0' ? '420' : packed[1] === '2' ? '422' : '444';
    return { ...base, pixelFormat: { sampling, bitDepth: atLeast(Number(packed[2])) } };
  }
  if (name.startsWith('gray')) {
    return { ...base, pixelFormat: { sampling: 'gray', bitDepth: atLeast(depthOf(name, /^gray/)) } };
  }
  if (/^ya\d/.test(name)) {
    return { ...base, pixelFormat: { sampling: 'gray', bitDepth: atLeast(depthOf(name, /^ya/)) } };
  }
  return { ...base, rgb: true, pixelFormat: { sampling: '444', bitDepth: rgbDepth(name) } };
}

/** swscale's names of matrices; it has no other for what a source leaves open than BT.601. */
const SCALE_MATRIX: Readonly<Record<Matrix, string>> = {
  bt709: 'bt709',
  smpte170m: 'smpte170m',
  bt470bg: 'bt470',
  bt2020nc: 'bt2020',
  fcc: 'fcc',
  smpte240m: 'smpte240m',
  gbr: 'bt709',
  unknown: 'smpte170m',
};

/**
 * Filters from the decoder's format to `target`: none where they are the same. Matrix and range are named on both sides
 * so that FFmpeg inserts no conversion of its own.
 */
export function conversionFilters(
  source: string,
  target: PixelFormat,
  color: { readonly matrix: Matrix; readonly range: Range },
  interlaced: boolean,
): string[] {
  const name = pixelFormatName(target);
  const working = workingFormat(source);
  // yuvj420p and yuv420p are the same bytes; FFmpeg would rescale the range between the two names.
  if (working.fullRange && pixelFormatName(working.pixelFormat) === source.replace('yuvj', 'yuv')) {
    if (name === source.replace('yuvj', 'yuv')) return [`format=${source}`];
  }
  if (source === name) return [`format=${name}`];
  const flags = 'flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp';
  const range = color.range === 'full' ? 'full' : 'limited';
  const fields = interlaced ? ':interl=1' : '';
  if (working.rgb) {
    const scale = `scale=out_color_matrix=${SCALE_MATRIX[color.matrix]}:out_range=${range}:${flags}${fields}`;
    return [scale, `format=${name}`];
  }
  const matrix = SCALE_MATRIX[color.matrix];
  const same = `in_color_matrix=${matrix}:out_color_matrix=${matrix}:in_range=${range}:out_range=${range}`;
  return [`scale=${same}:${flags}${fields}`, `format=${name}`];
}
