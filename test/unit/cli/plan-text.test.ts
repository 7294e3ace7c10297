import { expect, test } from 'vitest';
import { formatPlan, formatPlanSummary } from '../../../src/cli/plan-text.ts';
import { sampleEstimate, samplePlan } from './sample-plan.ts';

test('a plan says what the source is, what is done, what is kept and what it costs', () => {
  expect(formatPlan(samplePlan, sampleEstimate).join('\n')).toMatchInlineSnapshot(`
    "Input       /films/old film.mp4
    Source      640x360 h264 (yuv420p), 23.976 fps, 0:10, mov/mp4
    Color       matrix smpte170m, primaries smpte170m, transfer smpte170m, limited range (in part a guess: the
                source does not say; --input-color overrides it)
    Picture     black-and-white, noise 4.2, flicker 1.2, black bars around 480x360 at 80,0
    Preset      bw-film
    Stages      colorize (colorize) -> chroma-smooth -> upscale (old-x4, width 1920, height 1440, strength 0.5) ->
                apply-chroma
    Device      cpu, 32-bit floats
    Output      /films/old film.restored.mkv
    Encode      2560x1440, libx265, 10-bit 4:2:0, 23.976 fps, crf 19, mkv
    Streams     #0  video (h264)                    restored
                #1  audio eng "Piano\\nscore" (mp3)  kept
                #2  subtitle fre (mov_text)         converted to subrip: Matroska cannot hold mov_text
                #3  data (bin_data)                 LEFT OUT: Matroska cannot hold bin_data
    Chapters    3, kept
    Note        Preset bw-film, because the picture is black-and-white.
    Frames      about 241, segments of at most 240
    Time        about 1:35 (4 frames on this machine)
    Size        about 12.3 MB
    Disk        about 40.0 MB while it runs, in /films/.restore/0123456789abcdef"
  `);
});

test('a plan without stages and with a source that needs care', () => {
  const text = formatPlan(
    {
      ...samplePlan,
      stages: [],
      media: {
        ...samplePlan.media,
        path: 'odd\nname.mpg',
        durationSeconds: undefined,
        chapters: 0,
        video: {
          ...samplePlan.media.video,
          sampleAspectRatio: { num: 16, den: 11 },
          rotation: 90,
          fieldOrder: 'tff',
          telecine: 'hard',
          colorGuessed: false,
          variableFrameRate: true,
        },
      },
      decode: { ...samplePlan.decode, deinterlace: 'bwdif', telecine: 'hard', bakeRotation: 90, startSeconds: 65 },
    },
    { ...sampleEstimate, seconds: undefined },
  )
    .join('\n')
    .replace(/\n {2,}/g, ' ');
  expect(text).toContain('Input       "odd\\nname.mpg"');
  expect(text).toContain('unknown length');
  expect(text).toContain('pixel aspect 16:11, shown rotated by 90 degrees, interlaced (tff), hard telecine');
  expect(text).toContain('deinterlaced with bwdif, pulldown removed, turned by 90 degrees, from 1:05');
  expect(text).toContain('none: the picture is only encoded');
  expect(text).toContain('Time        unknown');
  expect(text).not.toContain('guess');
  expect(text).not.toContain('Chapters');
});

test('a run starts with two lines and the notes', () => {
  expect(formatPlanSummary(samplePlan, sampleEstimate)).toEqual([
    '/films/old film.mp4 -> /films/old film.restored.mkv',
    '640x360 -> 2560x1440 libx265, preset bw-film: colorize, chroma-smooth, upscale, apply-chroma; about 1:35',
    'Preset bw-film, because the picture is black-and-white.',
  ]);
});
