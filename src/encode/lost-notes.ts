import { STEREO_LAYOUT, type MediaInfo, type MediaStream } from '../core/media.ts';
import type { Container, StreamPlan } from '../core/plan.ts';
import { containerName } from './containers.ts';

/** Marks that tell people which track they want; 'default' is not said, since players choose a track without it too. */
const MARKS: readonly string[] = [
  ...['dub', 'original', 'comment', 'lyrics', 'karaoke', 'forced', 'hearing_impaired', 'visual_impaired'],
  ...['clean_effects', 'captions', 'descriptions'],
];

/** Those of MARKS that FFmpeg 5.1 writes and reads again; found by trying. */
const KEPT_MARKS: Readonly<Record<Container, readonly string[]>> = {
  mkv: ['dub', 'original', 'comment', 'forced', 'hearing_impaired', 'visual_impaired'],
  mp4: ['dub', 'comment', 'forced', 'hearing_impaired', 'visual_impaired', 'captions', 'descriptions'],
  webm: ['forced'],
  mov: [],
  mpegts: ['hearing_impaired', 'visual_impaired', 'clean_effects'],
  avi: [],
  nut: MARKS,
};

function lostMarks({ index, dispositions }: MediaStream, container: Container): string[] {
  const lost = dispositions.filter((mark) => MARKS.includes(mark) && !KEPT_MARKS[container].includes(mark));
  if (lost.length === 0) return [];
  return [`Stream ${index}: ${containerName(container)} does not keep that it is marked as ${lost.join(' and ')}.`];
}

/** Sentences about what streams that are kept lose all the same, and about what the pictures carry that no encoder here writes. */
export function lostNotes(media: MediaInfo, streams: readonly StreamPlan[], container: Container): string[] {
  const kept = media.streams.filter(({ index }) => streams.some((own) => own.index === index && own.action !== 'drop'));
  const notes = kept.flatMap((stream) => lostMarks(stream, container));
  const isMatroska = container === 'mkv' || container === 'webm';
  const layout = media.streams.find(({ index }) => index === media.video.streamIndex)?.tags['stereo_mode'];
  const extras = (media.video.extras ?? []).filter(
    (extra) => !(extra === STEREO_LAYOUT && isMatroska && layout !== undefined),
  );
  if (extras.length > 0) notes.push(`Not kept of what the picture carries: ${extras.join(', ')}.`);
  if (media.video.needsDolbyVision) {
    notes.push('The pictures are made for Dolby Vision alone (profile 5): without it their colors are wrong.');
  }
  return notes;
}
