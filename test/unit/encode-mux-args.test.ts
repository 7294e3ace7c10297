import { expect, test } from 'vitest';
import { deepProbing } from '../../src/core/probing.ts';
import type { Container } from '../../src/core/plan.ts';
import { muxArgs } from '../../src/encode/mux-args.ts';
import { planStreams } from '../../src/encode/index.ts';
import { ffv1Plan, format, indexOf, media, planOf, stream } from './encode-kit.ts';

/** Arguments to put a film with sparse subtitles together. */
function argsFor(container: Container, source = media()): string[] {
  const timeBase = { num: 1, den: 24_000 };
  const streams = [stream(0, { kind: 'video', codec: 'h264' }), stream(1, { kind: 'subtitle', codec: 'dvb_subtitle' })];
  const whole = { ...source, streams };
  const plan = planOf({ ...ffv1Plan(format()), container }, whole, timeBase, {
    streams: planStreams(whole, container),
  });
  return muxArgs({
    plan,
    index: indexOf([0n, 1000n], 1000n),
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
