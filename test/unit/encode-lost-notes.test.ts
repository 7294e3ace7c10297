import { expect, test } from 'vitest';
import { STEREO_LAYOUT } from '../../src/core/media.ts';
import type { Container } from '../../src/core/plan.ts';
import { lostNotes, planStreams } from '../../src/encode/index.ts';
import { media, stream } from './encode-kit.ts';

const tracks = [
  stream(0, { kind: 'video', codec: 'h264', dispositions: ['default'] }),
  stream(1, { dispositions: ['default', 'original'] }),
  stream(2, { dispositions: ['comment', 'visual_impaired'] }),
];
const notes = (container: Container, source = media({ streams: tracks })): string[] =>
  lostNotes(source, planStreams(source, container), container);

test('marks of tracks that a container does not keep are said', () => {
  expect(notes('mkv')).toEqual([]);
  expect(notes('mp4')).toEqual(['Stream 1: MP4 does not keep that it is marked as original.']);
  expect(notes('mov')).toEqual([
    'Stream 1: QuickTime does not keep that it is marked as original.',
    'Stream 2: QuickTime does not keep that it is marked as comment and visual_impaired.',
  ]);
  // AAC is not taken by WebM: these streams are left out, which is said elsewhere.
  expect(notes('webm')).toEqual([]);
});

test('what the picture carries and an encoder does not is said, except where a tag keeps it', () => {
  const carrying = (extras: readonly string[], tags: Record<string, string> = {}) =>
    media({ streams: [stream(0, { kind: 'video', codec: 'h264', tags })] }, { extras });
  const captions = carrying(['closed captions', 'Dolby Vision']);
  expect(notes('mkv', captions)).toEqual(['Not kept of what the picture carries: closed captions, Dolby Vision.']);
  const stereo = carrying([STEREO_LAYOUT], { stereo_mode: 'left_right' });
  expect(notes('mkv', stereo)).toEqual([]);
  expect(notes('mp4', stereo)).toHaveLength(1);
  expect(notes('mkv', carrying([STEREO_LAYOUT]))).toHaveLength(1);
  expect(notes('mkv', media({}, { needsDolbyVision: true }))).toEqual([expect.stringContaining('profile 5')]);
});
