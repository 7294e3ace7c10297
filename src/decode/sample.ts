import { RestorationError } from '../core/errors.ts';
import { planeSizes, type PixelFormat } from '../core/format.ts';
import { BufferPool } from '../core/pool.ts';
import { findFfmpeg } from '../platform/ffmpeg.ts';
import { capture } from '../platform/process.ts';
import type { SampleGroup, SamplePicture } from './diagnosis.ts';
import { IDET_FILTER, parseIdet, type FieldRepeat } from './fields.ts';
import { inputUrl, INPUT_GUARD } from './input-name.ts';
import { pipePictures } from './pipe.ts';

export interface SampleTarget {
  readonly path: string;
  readonly streamIndex: number;
  readonly width: number;
  readonly height: number;
  readonly gray: boolean;
  /** Full-range sources keep their codes when sampled as full range. */
  readonly fullRange: boolean;
  readonly startTime: number;
  /** Of the film in seconds; undefined where nothing tells. */
  readonly duration: number | undefined;
  readonly signal: AbortSignal | undefined;
}

const GROUPS = 12;
const GROUP_FRAMES = 4;
/** Below this a single pass costs less than a dozen seeks. */
const SHORT_SECONDS = 20;
/** Frames that one pass over a short film looks at. */
const SHORT_FRAMES = 1500;
/** Sampling stops here with what it has; a file on a slow medium is not read for minutes to be described. */
const TIME_LIMIT_MS = 45_000;
const STALL_MS = 60_000;

const head = [
  '-hide_banner',
  '-nostdin',
  '-nostats',
  '-loglevel',
  'error',
  '-max_error_rate',
  '1',
  '-noautorotate',
  '-copyts',
];

function sampleFilters(target: SampleTarget): string[] {
  const range = target.fullRange ? 'full' : 'limited';
  return target.gray ? ['format=gray'] : [`scale=in_range=${range}:out_range=${range}`, 'format=yuv420p'];
}

async function readPictures(
  target: SampleTarget,
  seek: number | undefined,
  filters: readonly string[],
  frames: number,
): Promise<SamplePicture[]> {
  const { ffmpeg } = await findFfmpeg();
  const pictures: SamplePicture[] = [];
  const pixelFormat: PixelFormat = { sampling: target.gray ? 'gray' : '420', bitDepth: 8 };
  const args = [
    ...head,
    ...(seek === undefined ? [] : ['-noaccurate_seek', '-seek_timestamp', '1', '-ss', seek.toFixed(3)]),
    ...[...INPUT_GUARD, '-i', inputUrl(target.path), '-map', `0:${target.streamIndex}`],
    // Numbered anew: NUT takes no negative times, and nobody asks when a sample was.
    ...['-vf', [...filters, ...sampleFilters(target), 'settb=1/1000,setpts=N'].join(','), '-fps_mode', 'passthrough'],
    ...['-frames:v', String(frames), '-c:v', 'rawvideo', '-f', 'nut', 'pipe:1'],
  ];
  const source = {
    command: ffmpeg,
    args,
    path: target.path,
    signal: target.signal,
    pool: new BufferPool(0),
    stallMs: STALL_MS,
  };
  try {
    for await (const { data, info } of pipePictures(source)) {
      const [luma, cb, cr] = planeSizes({ ...info, pixelFormat }).reduce<{ planes: Uint8Array[]; at: number }>(
        ({ planes, at }, { width, height }) => ({
          planes: [...planes, data.subarray(at, at + width * height)],
          at: at + width * height,
        }),
        { planes: [], at: 0 },
      ).planes;
      if (luma) pictures.push({ width: info.width, height: info.height, luma, cb, cr });
    }
  } catch (error) {
    // A damaged film may give some pictures and no clean end; what came counts.
    if (!(error instanceof RestorationError) || error.code !== 'DECODE_FAILED') throw error;
  }
  return pictures;
}

/** Groups of consecutive pictures spread over the film. Empty when no picture can be decoded. */
export async function samplePictures(target: SampleTarget): Promise<SampleGroup[]> {
  const { duration } = target;
  if (duration === undefined || duration <= SHORT_SECONDS) {
    const frames = await shortFilm(target, duration);
    if (frames.length > 0) return frames;
  }
  const started = Date.now();
  const groups: SampleGroup[] = [];
  for (let index = 0; index < GROUPS; index++) {
    // The first and last twentieth are leader, titles and credits.
    const at = target.startTime + (duration ?? 0) * (0.05 + (0.9 * (index + 0.5)) / GROUPS);
    const pictures = await readPictures(target, at, [], GROUP_FRAMES);
    if (pictures.length > 0) groups.push(pictures);
    if (Date.now() - started > TIME_LIMIT_MS) break;
  }
  return groups.length > 0
    ? groups
    : (await readPictures(target, undefined, [], GROUP_FRAMES)).map((picture) => [picture]);
}

/** One pass: groups of consecutive pictures at even distances. */
async function shortFilm(target: SampleTarget, duration: number | undefined): Promise<SampleGroup[]> {
  const spacing = Math.max(1 / 1000, (duration ?? 0) / GROUPS);
  // A group starts when the clock has passed its place; it takes the pictures that follow.
  const due = `gte(t-${target.startTime.toFixed(6)}\\,ld(0)*${spacing.toFixed(6)})`;
  const select = `select='if(gt(ld(1)\\,0)\\,st(1\\,ld(1)-1)+1\\,if(${due}\\,st(0\\,ld(0)+1)*0+st(1\\,${GROUP_FRAMES - 1})+1\\,0))'`;
  const pictures = await readPictures(
    target,
    undefined,
    [`trim=end_frame=${SHORT_FRAMES}`, select],
    GROUPS * GROUP_FRAMES,
  );
  const groups: SamplePicture[][] = [];
  pictures.forEach((picture, index) => {
    if (index % GROUP_FRAMES === 0) groups.push([]);
    groups.at(-1)?.push(picture);
  });
  return groups;
}

/** Parts of the film that are looked at for fields, and frames in each. */
const FIELD_PARTS = [0.2, 0.5, 0.8] as const;
const FIELD_FRAMES = 75;

/** What idet says about parts of the film; each part on its own. */
export async function sampleFields(target: SampleTarget): Promise<FieldRepeat[][]> {
  const { ffmpeg } = await findFfmpeg();
  const short = target.duration === undefined || target.duration <= SHORT_SECONDS;
  const seeks = short ? [undefined] : FIELD_PARTS.map((part) => target.startTime + part * (target.duration ?? 0));
  const parts: FieldRepeat[][] = [];
  for (const seek of seeks) {
    const args = [
      ...head,
      ...(seek === undefined ? [] : ['-noaccurate_seek', '-seek_timestamp', '1', '-ss', seek.toFixed(3)]),
      ...[...INPUT_GUARD, '-i', inputUrl(target.path), '-map', `0:${target.streamIndex}`, '-vf', IDET_FILTER],
      ...['-fps_mode', 'passthrough', '-frames:v', String(short ? 3 * FIELD_FRAMES : FIELD_FRAMES), '-f', 'null', '-'],
    ];
    const { stdout } = await capture(ffmpeg, args, { signal: target.signal, timeoutMs: STALL_MS });
    parts.push(parseIdet(stdout));
  }
  return parts;
}
