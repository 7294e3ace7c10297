import { afterEach, expect, test, vi } from 'vitest';
import type { RestoreEvent } from '../../src/core/events.ts';
import { ProgressMeter } from '../../src/pipeline/progress.ts';
import { Tally } from '../../src/restore/engine/tally.ts';

afterEach(() => vi.useRealTimers());

/** A meter over loads that the test sets, and what it said was slowest. */
function meter(): {
  readonly load: Record<string, number>;
  readonly decode: { starvedMs: number; blockedMs: number };
  readonly encode: { starvedMs: number; blockedMs: number };
  readonly slowest: () => string | undefined;
  readonly progress: ProgressMeter;
  readonly said: readonly RestoreEvent[];
} {
  const load: Record<string, number> = { upscale: 5, dust: 1 };
  const [decode, encode] = [
    { starvedMs: 0, blockedMs: 0 },
    { starvedMs: 0, blockedMs: 0 },
  ];
  const said: RestoreEvent[] = [];
  const progress = new ProgressMeter({
    input: 'film',
    total: 10,
    done: 0,
    decode,
    encode,
    engine: { tally: new Tally(), busySeconds: () => ({ inference: 0, total: 0, byStage: { ...load } }) },
    otherwise: 'deflicker',
    emit: (event) => said.push(event),
  });
  const slowest = (): string | undefined => {
    progress.finish();
    const last = said.at(-1);
    return last?.type === 'progress' ? last.bottleneck : undefined;
  };
  return { load, decode, encode, slowest, progress, said };
}

test('the slowest stage is the one that workers spent the most time on lately', () => {
  const { load, slowest } = meter();
  load['dust'] = 4;
  load['upscale'] = 6;
  expect(slowest()).toBe('dust');
});

test('a chain that no worker has a part in is named by its first stage', () => {
  expect(meter().slowest()).toBe('deflicker');
});

test('where the stages wait, decode or encode is slowest', () => {
  const [hungry, stuck] = [meter(), meter()];
  hungry.decode.starvedMs = 60_000;
  expect(hungry.slowest()).toBe('decode');
  stuck.encode.blockedMs = 60_000;
  expect(stuck.slowest()).toBe('encode');
});

test('speed and time left are those of the frames, not of opening the models before them', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const { progress, said } = meter();
  const after = (ms: number): { framesPerSecond: number; etaSeconds: number | undefined } => {
    vi.advanceTimersByTime(ms);
    progress.frameDone();
    const last = said.at(-1);
    if (last?.type !== 'progress') throw new Error(last?.type);
    return last;
  };
  expect(after(60_000)).toMatchObject({ framesPerSecond: 0, etaSeconds: undefined });
  // Another worker's, right after the first.
  expect(after(500)).toMatchObject({ framesPerSecond: 0, etaSeconds: undefined });
  expect(after(3_500)).toMatchObject({ framesPerSecond: 0.5, etaSeconds: 14 });
  progress.rewind();
  expect(after(60_000)).toMatchObject({ framesDone: 1, framesPerSecond: 0, etaSeconds: undefined });
});
