import { z } from 'zod';
import { RestorationError } from '../core/errors.ts';
import { deepProbing } from '../core/probing.ts';
import { findFfmpeg, JSON_OUTPUT } from '../platform/ffmpeg.ts';
import { capture } from '../platform/process.ts';
import { inputUrl, INPUT_GUARD } from './input-name.ts';

/** Long enough for a slow network drive, short enough for a file that ffprobe never finishes. */
const PROBE_TIMEOUT_MS = 120_000;

const text = z.string();
const tags = z.record(z.string(), z.string()).optional();

/** One entry of side data; only what is looked at. */
const sideData = z
  .looseObject({
    side_data_type: text.optional(),
    rotation: z.number().optional(),
    max_content: z.number().optional(),
    max_average: z.number().optional(),
  })
  .readonly();
export type SideData = z.infer<typeof sideData>;

const stream = z.object({
  index: z.number(),
  codec_type: text.optional(),
  codec_name: text.optional(),
  codec_tag_string: text.optional(),
  profile: text.optional(),
  width: z.number().optional(),
  height: z.number().optional(),
  pix_fmt: text.optional(),
  sample_rate: text.optional(),
  color_range: text.optional(),
  color_space: text.optional(),
  color_transfer: text.optional(),
  color_primaries: text.optional(),
  chroma_location: text.optional(),
  closed_captions: z.number().optional(),
  field_order: text.optional(),
  sample_aspect_ratio: text.optional(),
  r_frame_rate: text.optional(),
  avg_frame_rate: text.optional(),
  time_base: text.optional(),
  bit_rate: text.optional(),
  start_time: text.optional(),
  duration: text.optional(),
  nb_frames: text.optional(),
  disposition: z.record(z.string(), z.number()).optional(),
  tags,
  side_data_list: z.array(sideData).optional(),
});
export type ProbedStream = z.infer<typeof stream>;

const container = z.object({
  streams: z.array(stream).default([]),
  chapters: z.array(z.unknown()).default([]),
  format: z.object({
    format_name: text,
    start_time: text.optional(),
    duration: text.optional(),
    tags,
  }),
});
export type ProbedContainer = z.infer<typeof container>;

const packets = z.object({
  packets: z
    .array(
      z.object({
        pts: z.number().optional(),
        duration: z.number().optional(),
        pos: text.optional(),
        flags: text.default(''),
      }),
    )
    .default([]),
});
export type ProbedPacket = z.infer<typeof packets>['packets'][number];

const frames = z.object({
  frames: z
    .array(
      z.object({
        pts: z.number().optional(),
        key_frame: z.number().default(0),
        pict_type: text.optional(),
        interlaced_frame: z.number().default(0),
        top_field_first: z.number().default(0),
        repeat_pict: z.number().default(0),
        color_range: text.optional(),
        color_space: text.optional(),
        color_transfer: text.optional(),
        color_primaries: text.optional(),
        side_data_list: z.array(sideData).optional(),
      }),
    )
    .default([]),
});
export type ProbedFrame = z.infer<typeof frames>['frames'][number];

async function ffprobe<T>(
  path: string,
  args: readonly string[],
  schema: z.ZodType<T>,
  signal: AbortSignal | undefined,
): Promise<{ readonly value: T | undefined; readonly stderr: string }> {
  const tools = await findFfmpeg();
  const all = ['-hide_banner', '-v', 'error', ...INPUT_GUARD, ...JSON_OUTPUT, ...args, '-i', inputUrl(path)];
  const { code, stdout, stderr } = await capture(tools.ffprobe, all, { signal, timeoutMs: PROBE_TIMEOUT_MS });
  if (code !== 0) return { value: undefined, stderr };
  let json: unknown;
  try {
    json = JSON.parse(stdout);
  } catch (error) {
    throw new RestorationError('INTERNAL', `ffprobe printed what is no JSON for ${path}.`, { cause: error });
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    throw new RestorationError(
      'INTERNAL',
      `ffprobe printed something unexpected for ${path}: ${z.prettifyError(parsed.error)}`,
      {
        hint: 'Use a release of FFmpeg from 5.1 on.',
      },
    );
  }
  return { value: parsed.data, stderr };
}

/** First boxes of MP4 and MOV files; FFmpeg takes anything called .mp4 for one. */
const looksLikeMp4 = (head: Uint8Array): boolean =>
  ['ftyp', 'moov', 'mdat', 'free', 'skip', 'wide', 'pnot'].includes(
    Buffer.from(head.subarray(4, 8)).toString('latin1'),
  );

/** Container, streams and chapters; `head` is the beginning of the file. Throws INPUT_NOT_MEDIA when FFmpeg cannot open the file. */
export async function probeContainer(path: string, head: Uint8Array, signal?: AbortSignal): Promise<ProbedContainer> {
  const args = ['-show_format', '-show_streams', '-show_chapters'];
  const { value, stderr } = await ffprobe(path, args, container, signal);
  const deeper = deepProbing(value?.format.format_name ?? '');
  if (deeper.length > 0) {
    const again = await ffprobe(path, [...deeper, ...args], container, signal);
    if (again.value !== undefined) return again.value;
  }
  // FFmpeg draws the letters of text files (.txt, .nfo, ...), which nobody calls a film.
  if (value?.format.format_name === 'tty') {
    throw new RestorationError('INPUT_NOT_MEDIA', `${path} is a text, not a film.`, {
      hint: 'Name the film itself.',
    });
  }
  if (value !== undefined) return value;
  if (stderr.includes('moov atom not found') && looksLikeMp4(head)) {
    throw new RestorationError(
      'INPUT_NOT_MEDIA',
      `${path} is not a complete MP4 file: its table of contents (moov) is missing.`,
      {
        hint: 'The file was probably cut off while it was copied or recorded: copy it again from where it came from.',
      },
    );
  }
  const reason =
    stderr
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(`${inputUrl(path)}: `, '') ?? '';
  throw new RestorationError(
    'INPUT_NOT_MEDIA',
    `${path} is not a film that FFmpeg can read${reason === '' ? '' : ` (${reason})`}.`,
    {
      hint: 'Check that it is the right file and that it plays in a video player.',
    },
  );
}

const selected = (streamIndex: number): string[] => ['-select_streams', String(streamIndex)];

/** A stream of a file; `container` is FFmpeg's list of names. */
export interface ProbedFile {
  readonly path: string;
  readonly container: string;
  readonly streamIndex: number;
}

/** Timestamps, flags and places in the file of packets in file order, `count` of them from each of `starts` (seconds); nothing is decoded. */
export async function probePackets(
  { path, container: kind, streamIndex }: ProbedFile,
  starts: readonly number[],
  count: number,
  signal?: AbortSignal,
): Promise<readonly ProbedPacket[][]> {
  const groups: ProbedPacket[][] = [];
  for (const start of starts) {
    const interval = `${start > 0 ? start.toFixed(3) : ''}%+#${count}`;
    const args = [
      ...deepProbing(kind),
      ...selected(streamIndex),
      '-read_intervals',
      interval,
      '-show_entries',
      'packet=pts,pos,flags',
    ];
    const { value } = await ffprobe(path, args, packets, signal);
    groups.push(value?.packets ?? []);
  }
  return groups;
}

/** Timestamps and lengths of the packets from the key frame at or before `start` (seconds) to the end of the stream. */
export async function probeLengths(
  { path, streamIndex }: Pick<ProbedFile, 'path' | 'streamIndex'>,
  start: number,
  signal: AbortSignal,
): Promise<readonly ProbedPacket[]> {
  const interval = start > 0 ? ['-read_intervals', `${start.toFixed(3)}%`] : [];
  const args = [...selected(streamIndex), ...interval, '-show_entries', 'packet=pts,duration'];
  return (await ffprobe(path, args, packets, signal)).value?.packets ?? [];
}

/** What the decoder says about the first `count` frames from `start` (seconds). */
export async function probeFrames(
  { path, container: kind, streamIndex }: ProbedFile,
  start: number,
  count: number,
  signal?: AbortSignal,
): Promise<readonly ProbedFrame[]> {
  const interval = `${start > 0 ? start.toFixed(3) : ''}%+#${count}`;
  const entries =
    'frame=pts,key_frame,pict_type,interlaced_frame,top_field_first,repeat_pict,color_range,color_space,color_transfer,color_primaries:frame_side_data';
  const args = [
    ...deepProbing(kind),
    ...selected(streamIndex),
    '-read_intervals',
    interval,
    '-show_frames',
    '-show_entries',
    entries,
  ];
  const { value } = await ffprobe(path, args, frames, signal);
  return value?.frames ?? [];
}
