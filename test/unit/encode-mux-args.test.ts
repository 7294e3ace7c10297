import { expect, test } from 'vitest';
import { deepProbing } from '../../src/core/probing.ts';
import type { Container } from '../../src/core/plan.ts';
import { muxArgs } from '../../src/encode/mux-args.ts';
import { planStreams } from '../../src/encode/index.ts';
import { ffv1Plan, format, indexOf, media, planOf, stream } from './encode-kit.ts';

/** Arguments to put a film with sparse subtitles together, or a part of one whose frames have the times `part`. */
function argsFor(container: Container, source = media(), part?: readonly bigint[]): string[] {
  const timeBase = { num: 1, den: 24_000 };
  const streams = [stream(0, { kind: 'video', codec: 'h264' }), stream(1, { kind: 'subtitle', codec: 'dvb_subtitle' })];
  const whole = { ...source, streams };
  const made = planOf({ ...ffv1Plan(format()), container }, whole, timeBase, {
    streams: planStreams(whole, container),
  });
  const plan = part ? { ...made, decode: { ...made.decode, startSeconds: 1 } } : made;
  return muxArgs({
    plan,
    index: indexOf(part ?? [0n, 1000n], 1000n),
    output: '/films/out',
    segmentTimeBase: timeBase,
    major: 5,
    chapters: undefined,
    covers: [],
  });
}
const valueOf = (args: readonly string[], option: string): string | undefined =>
  args.includes(option) ? args[args.indexOf(option) + 1] : undefined;

test('a stream with long pauses keeps no more than seconds of the others waiting', () => {
  const micros = Number(valueOf(argsFor('mkv'), '-max_interleave_delta'));
  expect(micros).toBeGreaterThanOrEqual(1_000_000);
  expect(micros).toBeLessThanOrEqual(30_000_000);
});

test('each frame of sound has its own time in MPEG-TS', () => {
  expect(valueOf(argsFor('mpegts'), '-pes_payload_size')).toBe('0');
  expect(argsFor('mkv')).not.toContain('-pes_payload_size');
});

test('files without a list of their streams are looked into deeply, others are not', () => {
  const deep = ['-probesize', '100M', '-analyzeduration', '100M'];
  expect([deepProbing('mpeg'), deepProbing('mpegts'), deepProbing('mov,mp4,m4a,3gp,3g2,mj2')]).toEqual([
    deep,
    deep,
    [],
  ]);
  const args = argsFor('mkv', media({ container: 'mpeg', path: '/films/film.vob' }));
  const source = args.indexOf('file:/films/film.vob');
  expect(args.slice(source - 5, source - 1)).toEqual(deep);
});

test('a part of an MPEG stream is read from before it, on a clock that is zero at the cut', () => {
  const source = media({ container: 'mpeg', path: '/films/film.vob', startTime: 1 });
  const args = argsFor('mkv', source, [10n * 24_000n, 10n * 24_000n + 1000n]);
  expect(args.slice(args.indexOf('-ss') - 2, args.indexOf('file:/films/film.vob') + 1)).toEqual([
    ...['-seek_timestamp', '1', '-ss', '5.000000', '-t', '5.083333', '-itsoffset', '-9999999us'],
    ...[...deepProbing('mpeg'), '-i', 'file:/films/film.vob'],
  ]);
  const early = argsFor('mkv', source, [2n * 24_000n, 2n * 24_000n + 1000n]);
  expect(early).not.toContain('-ss');
});
