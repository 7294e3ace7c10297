import type { VideoInfo } from '../core/media.ts';
import type { SideData } from './ffprobe.ts';

type SideDataLists = readonly (readonly SideData[] | undefined)[];

const find = (lists: SideDataLists, type: string): SideData | undefined =>
  lists.flatMap((list) => list ?? []).find((entry) => entry.side_data_type === type);

/** Degrees clockwise that a player turns the picture; ffprobe counts counter-clockwise. Odd angles fall to the nearest quarter. */
export function rotation(list: readonly SideData[] | undefined): VideoInfo['rotation'] {
  const turned = (list ?? []).find((entry) => entry.rotation !== undefined)?.rotation ?? 0;
  const quarters = ((Math.round(-turned / 90) % 4) + 4) % 4;
  return quarters === 1 ? 90 : quarters === 2 ? 180 : quarters === 3 ? 270 : 0;
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
