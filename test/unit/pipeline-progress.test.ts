import { expect, test } from 'vitest';
import type { RestoreEvent } from '../../src/core/events.ts';
import { ProgressMeter } from '../../src/pipeline/progress.ts';
import { Tally } from '../../src/restore/engine/tally.ts';

/** A meter over loads that the test sets, and what it said was slowest. */
function meter(): {
  readonly load: Record<string, number>;
  readonly decode: { starvedMs: number; blockedMs: number };
  readonly encode: { starvedMs: number; blockedMs: number };
  readonly slowest: () => string | undefined;
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
  return { load, decode, encode, slowest };
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
