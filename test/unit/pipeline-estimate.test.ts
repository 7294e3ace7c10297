import { expect, test } from 'vitest';
import type { MediaStream } from '../../src/core/media.ts';
import type { Plan } from '../../src/core/plan.ts';
import { estimatePlan } from '../../src/pipeline/estimate.ts';
import { ffv1Plan, format, media, planOf, stream } from './encode-kit.ts';

const RATE = { num: 24, den: 1 };

/** A film of 240 frames, 24 a second. */
function film(decode: Partial<Plan['decode']>, beside: readonly MediaStream[] = []): Plan {
  const source = media({ durationSeconds: 10, streams: beside }, { estimatedFrames: 240, frameRate: RATE });
  const streams = beside.map(({ index }) => ({ index, action: 'copy' as const }));
  const made = planOf(ffv1Plan(format()), source, { num: 1, den: 24 }, { streams });
  return { ...made, decode: { ...made.decode, ...decode } };
}

test('a part of a film is counted from its start to where it or the film ends', async () => {
  const framesOf = async (decode: Partial<Plan['decode']>): Promise<number> =>
    (await estimatePlan(film(decode))).frames;
  expect(await framesOf({})).toBe(240);
  expect(await framesOf({ startSeconds: 9 })).toBe(24);
  expect(await framesOf({ durationSeconds: 2 })).toBe(48);
  expect(await framesOf({ startSeconds: 9, durationSeconds: 100 })).toBe(24);
});

test('a film that does not say how long it is may be begun late', async () => {
  const { media: source, ...rest } = film({ startSeconds: 9 });
  const { frames } = await estimatePlan({ ...rest, media: { ...source, durationSeconds: undefined } });
  expect(frames).toBe(24);
});

test('what is kept beside the picture counts where its size is known', async () => {
  const silent = await estimatePlan(film({}));
  const { outputBytes, diskBytes } = await estimatePlan(
    film({}, [stream(1, { codec: 'pcm_s16le', bitRate: 1_536_000 }), stream(2, { codec: 'aac' })]),
  );
  expect(outputBytes - silent.outputBytes).toBe(1_920_000);
  // Sound is in the result only, not in its segments.
  expect(diskBytes - silent.diskBytes).toBe(1_920_000);
});

test('fresh grain costs bits where a codec spends them on it, the more the stronger', async () => {
  const sizeWith = async (codec: Plan['encode']['codec'], strength?: number): Promise<number> => {
    const plain = film({});
    const stages = strength === undefined ? [] : [{ kind: 'grain', options: { strength } }];
    return (await estimatePlan({ ...plain, stages, encode: { ...plain.encode, codec } })).outputBytes;
  };
  expect(await sizeWith('hevc', 0.2)).toBeGreaterThan(await sizeWith('hevc'));
  expect(await sizeWith('hevc', 0.4)).toBeGreaterThan(2 * (await sizeWith('hevc', 0.2)));
  expect(await sizeWith('ffv1', 0.4)).toBe(await sizeWith('ffv1'));
});
