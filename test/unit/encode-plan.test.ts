import { expect, test } from 'vitest';
import type { EncodePlan } from '../../src/core/plan.ts';
import { encoderArgs } from '../../src/encode/encoder-args.ts';
import { ignoredOptions } from '../../src/encode/encoder-args.ts';
import { encodeNotes, encodePlanFor, type EncodeRequest } from '../../src/encode/plan.ts';
import { conversionFilter, segmentArgs } from '../../src/encode/segment-args.ts';
import { format, media } from './encode-kit.ts';

const ALL = new Set(['libx265', 'libx264', 'libsvtav1', 'libaom-av1', 'prores_ks', 'ffv1', 'hevc_nvenc']);
const planned = (changes: Partial<EncodeRequest>, available: ReadonlySet<string> = ALL): EncodePlan => {
  const picture = changes.format ?? format();
  return encodePlanFor(
    {
      media: media(),
      format: picture,
      frame: picture,
      pad: undefined,
      codec: 'hevc',
      crf: undefined,
      encoderPreset: undefined,
      container: 'mkv',
      displayRotation: 0,
      ...changes,
    },
    available,
  );
};

test('HEVC has at least 10 bits, H.264 the depth of the frames, FFV1 exactly their format', () => {
  const depth = (codec: string, bitDepth: 8 | 10 | 12 | 16): number =>
    planned({ codec, format: format({ pixelFormat: { sampling: '420', bitDepth } }) }).format.pixelFormat.bitDepth;
  expect([8, 10, 12, 16].map((bits) => depth('hevc', bits as 8))).toEqual([10, 10, 12, 12]);
  expect([8, 10, 12].map((bits) => depth('h264', bits as 8))).toEqual([8, 10, 10]);
  expect([8, 10, 12, 16].map((bits) => depth('ffv1', bits as 8))).toEqual([8, 10, 12, 16]);
});

test('sampling is kept where the encoder has it; gray is kept by FFV1 only', () => {
  const sampling = (codec: string, from: '420' | '422' | '444' | 'gray'): string =>
    planned({ codec, format: format({ pixelFormat: { sampling: from, bitDepth: 8 } }) }).format.pixelFormat.sampling;
  expect(['420', '422', '444', 'gray'].map((from) => sampling('hevc', from as '420'))).toEqual([
    '420',
    '422',
    '444',
    '420',
  ]);
  expect(sampling('ffv1', 'gray')).toBe('gray');
  expect(['420', '422', '444'].map((from) => sampling('prores', from as '420'))).toEqual(['422', '422', '444']);
});

test('odd sizes are kept by encoders that take them and grow by one line for those that do not', () => {
  const odd = format({ width: 97, height: 65 });
  expect(planned({ format: odd }).format).toMatchObject({ width: 98, height: 66 });
  expect(planned({ format: odd, codec: 'ffv1' }).format).toMatchObject({ width: 97, height: 65 });
  expect(planned({ format: odd, codec: 'prores' }).format).toMatchObject({ width: 97, height: 65 });
  // Only one of the two AV1 encoders takes it.
  expect(planned({ format: odd, codec: 'av1' })).toMatchObject({ encoder: 'libaom-av1', format: { width: 97 } });
  expect(planned({ codec: 'av1' }).encoder).toBe('libsvtav1');
});

test('an encoder that is not there is ENCODER_UNAVAILABLE, an unknown name is USAGE', () => {
  expect(() => planned({ codec: 'hevc' }, new Set(['ffv1']))).toThrow(
    expect.objectContaining({ code: 'ENCODER_UNAVAILABLE' }),
  );
  expect(() => planned({ codec: 'h264_videotoolbox' })).toThrow(
    expect.objectContaining({ code: 'ENCODER_UNAVAILABLE' }),
  );
  expect(() => planned({ codec: 'divx' })).toThrow(expect.objectContaining({ code: 'USAGE' }));
  expect(() => planned({ codec: 'constructor' })).toThrow(expect.objectContaining({ code: 'USAGE' }));
  expect(planned({ codec: 'hevc_nvenc' })).toMatchObject({ codec: 'hevc', encoder: 'hevc_nvenc' });
  expect(planned({ codec: 'av1' }, new Set(['libaom-av1'])).encoder).toBe('libaom-av1');
});

test('a picture that is too small for the encoder is refused with the way out', () => {
  const tiny = format({ width: 16, height: 16 });
  expect(() => planned({ format: tiny })).toThrow(expect.objectContaining({ code: 'USAGE' }));
  expect(planned({ format: tiny, codec: 'av1' }).encoder).toBe('libaom-av1');
});

test('arguments of the default encoder, HDR and chroma location included', () => {
  const plan = planned({ media: media({}, { masteringDisplay: 'G(1,2)L(3,4)', contentLight: '1000,400' }) });
  expect(encoderArgs(plan, { num: 24_000, den: 1001 })).toEqual([
    ...['-c:v', 'libx265', '-pix_fmt', 'yuv420p10le', '-preset', 'medium', '-crf', '18', '-x265-params'],
    'log-level=error:fps=24000/1001:open-gop=0:info=0:hdr10=1:master-display=G(1,2)L(3,4):max-cll=1000,400',
    ...['-color_range', 'tv', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'],
    ...['-chroma_sample_location', 'left', '-flags:v', '+bitexact'],
  ]);
});

test('arguments of a segment: raw pictures in, exact times out, one place for the file name', () => {
  const plan = planned({ codec: 'ffv1' });
  const args = segmentArgs({
    plan,
    frames: plan.format,
    timeBase: { num: 1, den: 90_000 },
    frameRate: { num: 25, den: 1 },
    path: '-odd name.nut',
  });
  expect(args.slice(0, 19)).toEqual([
    ...['-hide_banner', '-nostdin', '-loglevel', 'warning', '-y', '-copyts', '-probesize', '32'],
    ...['-analyzeduration', '0', '-fpsprobesize', '0', '-f', 'nut', '-i', 'pipe:0', '-map', '0:v:0', '-vf'],
  ]);
  expect(args.at(-1)).toBe('file:-odd name.nut');
  expect(args).toContain('1:90000');
});

test('frames that fit go through unchanged; a conversion names matrix and range on both sides', () => {
  const same = format();
  expect(conversionFilter(same, same)).not.toContain('scale');
  const full = format({ color: { ...same.color, range: 'full' } });
  const deeper = format({ ...full, pixelFormat: { sampling: '422', bitDepth: 10 } });
  expect(conversionFilter(full, { ...deeper, color: same.color })).toBe(
    'setparams=range=pc:colorspace=bt709:color_primaries=bt709:color_trc=bt709,' +
      'scale=in_color_matrix=bt709:out_color_matrix=bt709:in_range=pc:out_range=tv:' +
      'flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp,format=yuv422p10le,' +
      'setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709',
  );
});

test.each([['hevc'], ['h264']])(
  'primaries that %s encoders refuse are not asked of them, and that is said',
  (codec) => {
    const { color } = format();
    const frames = format({ color: { ...color, primaries: 'ebu3213' } });
    const plan = planned({ codec, format: frames });
    expect(plan.format.color).toEqual({ ...color, primaries: 'unknown' });
    expect(encodeNotes(plan, frames)).toEqual([expect.stringContaining('cannot state the color primaries ebu3213')]);
    expect(conversionFilter(frames, plan.format)).not.toContain('ebu3213');
    expect(planned({ codec: 'av1', format: frames }).format.color.primaries).toBe('ebu3213');
  },
);

test('what an encoder cannot keep is said: odd sizes, depth, what HDR10 states', () => {
  const ten = format({ pixelFormat: { sampling: '420', bitDepth: 10 } });
  const notes = (changes: Partial<EncodeRequest>): string[] => {
    const frames = changes.format ?? ten;
    return encodeNotes(planned({ ...changes, format: frames }), frames);
  };
  const odd = { ...ten, width: 65 };
  expect(notes({})).toEqual([]);
  expect(notes({ format: odd, frame: odd })).toEqual([expect.stringMatching(/no odd sizes/)]);
  const [depth] = encodeNotes(
    { ...planned({}), encoder: 'h264_nvenc', format: format() },
    { ...format(), pixelFormat: ten.pixelFormat },
  );
  expect(depth).toBe('h264_nvenc has 8 bits: the 10 bits of the picture are rounded.');
  const hdr = media();
  const video = { ...hdr.video, contentLight: '1000,400' };
  expect(notes({ media: { video } })).toEqual([]);
  expect(notes({ media: { video }, codec: 'av1' })).toEqual([expect.stringMatching(/HDR10.*--codec hevc only/)]);
});

test('options that an encoder has nothing for are said', () => {
  const ignored = (codec: string, crf: number | undefined, encoderPreset?: string): string[] =>
    ignoredOptions(planned({ codec, crf, encoderPreset }), { crf, encoderPreset });
  expect(ignored('hevc', 18, 'medium')).toEqual([]);
  expect(ignored('ffv1', 18, 'slow')).toEqual([
    '--crf has no effect: ffv1 has no such scale.',
    '--encoder-preset has no effect: ffv1 has none.',
  ]);
  expect(ignored('prores', undefined, 'hq')).toEqual([]);
  expect(ignored('prores', undefined, 'slow')).toEqual([expect.stringMatching(/prores_ks has proxy, lt,/)]);
});
