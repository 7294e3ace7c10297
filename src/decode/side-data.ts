import { STEREO_LAYOUT, type VideoInfo } from '../core/media.ts';
import type { SideData } from './ffprobe.ts';

type SideDataLists = readonly (readonly SideData[] | undefined)[];

const find = (lists: SideDataLists, type: string): SideData | undefined =>
  lists.flatMap((list) => list ?? []).find((entry) => entry.side_data_type === type);

/** How a player turns a picture. */
export interface Turned {
  /** Degrees clockwise. */
  readonly rotation: VideoInfo['rotation'];
  /** Whether it changes left and right before that. */
  readonly mirrored: boolean;
}

/** The four numbers of a display matrix that turn and mirror, row by row, out of ffprobe's table of three lines. */
function matrixOf(text: unknown): readonly number[] {
  const rows = typeof text === 'string' ? [...text.matchAll(/^\w+:\s+(-?\d+)\s+(-?\d+)/gm)] : [];
  return rows.slice(0, 2).flatMap(([, x, y]) => [Number(x), Number(y)]);
}

/** ffprobe counts counter-clockwise, and tells of a mirrored picture what its first row alone would mean. Odd angles fall to the nearest quarter. */
export function turnOf(list: readonly SideData[] | undefined): Turned {
  const entry = (list ?? []).find(({ rotation }) => rotation !== undefined);
  const [a = 1, b = 0, c = 0, d = 1] = matrixOf(entry?.['displaymatrix']);
  const mirrored = a * d - b * c < 0;
  const degrees = mirrored ? (Math.atan2(-b, -a) * 180) / Math.PI : -(entry?.rotation ?? 0);
  const quarters = ((Math.round(degrees / 90) % 4) + 4) % 4;
  return { rotation: quarters === 1 ? 90 : quarters === 2 ? 180 : quarters === 3 ? 270 : 0, mirrored };
}

/** '34000/50000' in units of 1/`scale`. */
function scaled(value: unknown, scale: number): number | undefined {
  const [num, den = 1] = typeof value === 'string' ? value.split('/').map(Number) : [];
  return num === undefined || !Number.isFinite(num) || den === 0 ? undefined : Math.round((num / den) * scale);
}

/** SMPTE ST 2086 as x265 takes it: chromaticities in 0.00002, luminance in 0.0001 cd/m2. */
export function masteringDisplay(lists: SideDataLists): string | undefined {
  const data = find(lists, 'Mastering display metadata');
  if (!data) return undefined;
  const point = (name: string): string | undefined => {
    const [x, y] = [scaled(data[`${name}_x`], 50000), scaled(data[`${name}_y`], 50000)];
    return x === undefined || y === undefined ? undefined : `(${x},${y})`;
  };
  const [green, blue, red, white] = ['green', 'blue', 'red', 'white_point'].map(point);
  const [max, min] = [scaled(data['max_luminance'], 10000), scaled(data['min_luminance'], 10000)];
  if ([green, blue, red, white].includes(undefined) || max === undefined || min === undefined) return undefined;
  return `G${green ?? ''}B${blue ?? ''}R${red ?? ''}WP${white ?? ''}L(${max},${min})`;
}

/** CTA-861.3 as x265 takes it: MaxCLL,MaxFALL. */
export function contentLight(lists: SideDataLists): string | undefined {
  const data = find(lists, 'Content light level metadata');
  if (data?.max_content === undefined || data.max_average === undefined) return undefined;
  return `${data.max_content},${data.max_average}`;
}

/** Side data of streams and frames that is lost when the picture is encoded anew, and what people call it. */
const EXTRAS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/Closed Captions/, 'closed captions'],
  [/^(DOVI|Dolby Vision)/, 'Dolby Vision'],
  [/SMPTE2094-40/, 'HDR10+'],
  [/^Stereo 3D/, STEREO_LAYOUT],
  [/^Spherical/, 'the projection of a 360-degree film'],
];

export function extrasOf(lists: SideDataLists, captions: boolean): Pick<VideoInfo, 'extras' | 'needsDolbyVision'> {
  const all = lists.flatMap((list) => list ?? []);
  const types = [...all.map((entry) => entry.side_data_type ?? ''), captions ? 'Closed Captions' : ''];
  const extras = EXTRAS.filter(([pattern]) => types.some((type) => pattern.test(type))).map(([, name]) => name);
  return {
    ...(extras.length > 0 ? { extras } : {}),
    ...(all.some((entry) => entry['dv_profile'] === 5) ? { needsDolbyVision: true } : {}),
  };
}
