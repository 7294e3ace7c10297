import { z } from 'zod';
import { RestorationError } from '../core/errors.ts';
import { findFfmpeg, JSON_OUTPUT } from '../platform/ffmpeg.ts';
import { capture } from '../platform/process.ts';
import { lastLine } from './messages.ts';

const tagsSchema = z.record(z.string(), z.string()).default({});
const streamSchema = z.object({
  index: z.number(),
  codec_type: z.string().default('unknown'),
  codec_name: z.string().default('none'),
  codec_tag_string: z.string().default(''),
  width: z.number().optional(),
  height: z.number().optional(),
  pix_fmt: z.string().optional(),
  sample_aspect_ratio: z.string().optional(),
  color_range: z.string().optional(),
  color_space: z.string().optional(),
  color_transfer: z.string().optional(),
  color_primaries: z.string().optional(),
  chroma_location: z.string().optional(),
  time_base: z.string(),
  duration_ts: z.number().optional(),
  extradata_hash: z.string().optional(),
  disposition: z.record(z.string(), z.number()).default({}),
  tags: tagsSchema,
  side_data_list: z.array(z.looseObject({ rotation: z.number().optional() })).default([]),
});
const outputSchema = z.object({
  streams: z.array(streamSchema),
  chapters: z.array(z.object({ start_time: z.string(), tags: tagsSchema })).default([]),
  format: z.object({ duration: z.string().optional(), tags: tagsSchema }),
});
export type OutputStream = z.infer<typeof streamSchema>;
export type OutputInfo = z.infer<typeof outputSchema>;

/** What a finished file says about itself. Throws VERIFY_FAILED when it cannot be read. */
export async function probeOutput(path: string, signal: AbortSignal): Promise<OutputInfo> {
  const { ffprobe } = await findFfmpeg();
  const args = [
    ...['-v', 'error', ...JSON_OUTPUT, '-show_data_hash', 'crc32', '-show_streams', '-show_chapters', '-show_format'],
    ...['-i', `file:${path}`],
  ];
  const { code, stdout, stderr } = await capture(ffprobe, args, { signal });
  const parsed = code === 0 ? outputSchema.safeParse(JSON.parse(stdout)) : undefined;
  if (parsed?.success === true) return parsed.data;
  throw new RestorationError('VERIFY_FAILED', `The finished file cannot be read: ${lastLine(stderr)}`, {
    hint: 'Run the same command again: finished segments are kept.',
    retryable: true,
  });
}
