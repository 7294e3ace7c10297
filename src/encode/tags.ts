import type { Plan } from '../core/plan.ts';
import type { Span } from './span.ts';
import { isCover } from './streams.ts';
import { movedTimecode } from './timecode.ts';

/** Tags that describe how the old video stream was made; wrong for the new one. */
const STALE =
  /^(encoder|encoder_options|duration|bps|number_of_|_statistics_|rotate$|vendor_id|creation_time|filename$|mimetype$|alpha_mode$)/i;

/** Global tags about the source file itself rather than the film. */
const CONTAINER_TAGS = ['major_brand', 'minor_version', 'compatible_brands', 'encoder'];

/** What MP4's iTunes tags and QuickTime's have names for; other keys need a form that fewer players read. */
const MP4_TAGS = new Set([
  ...['title', 'artist', 'album_artist', 'composer', 'album', 'date', 'comment', 'genre', 'copyright', 'grouping'],
  ...['lyrics', 'description', 'synopsis', 'show', 'episode_id', 'network', 'keywords', 'media_type', 'hd_video'],
  ...['gapless_playback', 'compilation', 'track', 'disc', 'sort_name', 'sort_artist', 'sort_album', 'sort_composer'],
  ...['sort_album_artist', 'sort_show', 'season_number', 'episode_sort', 'creation_time', 'location'],
  ...['timecode', 'rating', 'category', 'podcast', ...CONTAINER_TAGS],
]);

/** Global tags of the source that MP4 and QuickTime have no name for. */
export const foreignTags = (plan: Plan): string[] =>
  Object.keys(plan.media.tags).filter((key) => !MP4_TAGS.has(key.toLowerCase()));

/** Whether the output's tags take QuickTime's free form. It has no room for a cover. */
export const usesFreeTags = (plan: Plan): boolean =>
  foreignTags(plan).length > 0 &&
  !plan.media.streams.some(
    (stream) => isCover(stream) && plan.streams.some((own) => own.index === stream.index && own.action === 'copy'),
  );

const moved = (tags: Readonly<Record<string, string>>, plan: Plan, span: Span): [string, string][] =>
  Object.entries(tags).map(([key, value]) => [
    key,
    key.toLowerCase() === 'timecode' ? movedTimecode(value, plan, span) : value,
  ]);

/** Tags of the source's video stream that belong to the new one too. */
export function videoTags(plan: Plan, span: Span): [string, string][] {
  const { streams, video } = plan.media;
  const tags = streams.find((stream) => stream.index === video.streamIndex)?.tags ?? {};
  return moved(tags, plan, span).filter(([key, value]) => !STALE.test(key) && value !== '');
}

/**
 * Whether FFmpeg's copy of a tag may be none that other containers can hold: an AVI file does not say how its letters are
 * written, and FFmpeg takes the bytes as they are. Those of other containers are UTF-8, or become it.
 */
const mayBeForeign = ({ media }: Plan, value: string): boolean => media.container === 'avi' && /[^\0-\x7f]/.test(value);

/**
 * Tags of the whole file that differ from those of the source, which FFmpeg copies, or may do so; empty where they are left
 * out.
 */
export const fileTags = (plan: Plan, span: Span): [string, string][] => [
  ...moved(plan.media.tags, plan, span).filter(
    ([key, value]) => plan.media.tags[key] !== value || mayBeForeign(plan, value),
  ),
  ...CONTAINER_TAGS.map((key): [string, string] => [key, '']),
];

/** The same of a stream that is kept. */
export const streamTags = (plan: Plan, index: number): [string, string][] =>
  Object.entries(plan.media.streams.find((stream) => stream.index === index)?.tags ?? {}).filter(([, value]) =>
    mayBeForeign(plan, value),
  );
