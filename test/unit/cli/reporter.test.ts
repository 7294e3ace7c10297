import { expect, test } from 'vitest';
import { createJsonLog, createTextLog } from '../../../src/cli/log.ts';
import { JsonReporter, TextReporter } from '../../../src/cli/reporter.ts';
import { Screen } from '../../../src/cli/screen.ts';
import { tell } from '../../../src/cli/watch.ts';
import { RestorationError, type RestoreEvent, type WatchEvent } from '../../../src/index.ts';
import { sampleEstimate, samplePlan } from './sample-plan.ts';

const input = '/films/old film.mp4';

const progress = (framesDone: number): RestoreEvent => ({
  type: 'progress',
  input,
  framesDone,
  framesTotal: 100,
  framesPerSecond: 10,
  etaSeconds: 1,
  bottleneck: 'encode',
});

/** A text reporter that writes into a string and whose clock the test moves. */
function text(live: boolean): { reporter: TextReporter; output: () => string; wait: (ms: number) => void } {
  let output = '';
  let now = 0;
  const screen = new Screen({ columns: 80, write: (part: string) => (output += part) }, { live });
  const log = createTextLog('info', (line) => screen.line(line));
  return {
    reporter: new TextReporter(log, screen, () => now),
    output: () => output,
    wait: (ms) => (now += ms),
  };
}

test('without a terminal there are plain lines, at most one every few seconds', () => {
  const { reporter, output, wait } = text(false);
  reporter.event({ type: 'plan', input, plan: samplePlan, estimate: sampleEstimate });
  for (let frame = 0; frame <= 100; frame++) {
    reporter.event(progress(frame));
    wait(200);
  }
  reporter.event({ type: 'warning', input, message: 'Three packets\nwere lost.' });
  reporter.event({
    type: 'done',
    input,
    output: '/films/x.mp4',
    frames: 100,
    seconds: 20,
    sizeBytes: 5_000_000,
    unchangedShare: 0,
    cachedShare: 0,
  });
  const lines = output().split('\n');
  expect(output()).not.toContain('\u001b');
  expect(lines.filter((line) => line.includes('frames, 10 fps'))).toHaveLength(5);
  expect(lines).toContain('warning: old film.mp4: Three packets\\nwere lost.');
  expect(lines).toContain('/films/x.mp4: 100 frames, 5.0 MB, in 0:20.');
});

test('a terminal that does not know its width has a bar all the same', () => {
  let output = '';
  const screen = new Screen({ columns: 0, write: (part: string) => (output += part) }, { live: true });
  new TextReporter(
    createTextLog('info', (line) => screen.line(line)),
    screen,
  ).event(progress(50));
  expect(output).toContain('50/100 frames');
});

test('a window is told by the clock that it was given in', () => {
  const { reporter, output } = text(false);
  tell({ type: 'window', open: false, until: '2026-11-27T13:00:00.000Z' }, reporter, 'Asia/Tokyo');
  expect(output()).toMatch(/closed until Fri,? 27 Nov,? 22:00 \(Asia\/Tokyo\)\./);
});

test('a watcher whose film has ended leaves no bar below its later lines', () => {
  const film = 'old film.mp4';
  const ends: readonly WatchEvent[] = [
    { type: 'failed', film, source: '/films/failed/old film.mp4', code: 'DECODE_FAILED', message: 'It broke.' },
    { type: 'setback', film, code: 'DECODE_FAILED', message: 'It broke.', againSeconds: 60 },
    { type: 'parked', film, reason: 'Stopped.' },
    { type: 'gone', film },
  ];
  for (const end of ends) {
    const { reporter, output } = text(true);
    tell({ type: 'restore', film, event: progress(50) }, reporter);
    tell(end, reporter);
    tell({ type: 'trouble', message: 'Later.' }, reporter);
    expect(output().split('50/100')).toHaveLength(2);
    expect(output()).toMatch(/warning: Later\.\n$/);
  }
});

test('a summary that could not be written is not pointed to', () => {
  const { reporter, output } = text(false);
  const summary = { folder: '/films', from: '', to: '', done: [], failed: [], left: [], workSeconds: 0 };
  tell({ type: 'summary', summary, files: [] }, reporter);
  tell({ type: 'summary', summary, files: ['/films/summary.txt', '/films/summary.json'] }, reporter);
  expect(output()).toBe('0 done, 0 failed, 0 left.\n0 done, 0 failed, 0 left; see /films/summary.txt.\n');
});

test('in a terminal the bar stays below the lines and its last state stands', () => {
  const { reporter, output, wait } = text(true);
  reporter.event(progress(50));
  wait(10);
  reporter.event(progress(51));
  reporter.event({ type: 'warning', input, message: 'Careful.' });
  reporter.event(progress(100));
  reporter.event({
    type: 'done',
    input,
    output: 'x.mp4',
    frames: 100,
    seconds: 20,
    sizeBytes: 5,
    unchangedShare: 0.8,
    cachedShare: 0,
  });
  const drawn = output().split('\r\u001b[2K');
  expect(drawn[1]).toContain('50/100');
  expect(drawn[2]).toMatch(/^warning: old film\.mp4: Careful\.\n.*50\/100/);
  expect(drawn[3]).toMatch(/100\/100 .*\nx\.mp4: 100 frames.*; 80 % was as in the frame before/);
});

test('a failure is one line, whatever its message holds', () => {
  const { reporter, output } = text(false);
  reporter.failure(new RestorationError('INPUT_MISSING', 'There is no file a\nb.', { hint: 'Check the name.' }), input);
  expect(output()).toBe('error: There is no file a\\nb. Check the name.\n');
});

test('a retried segment is said, finished ones are not', () => {
  const { reporter, output } = text(false);
  const segment = { type: 'segment', input, index: 2, start: 480, end: 720 } as const;
  reporter.event({ ...segment, state: 'reused' });
  reporter.event({ ...segment, state: 'done' });
  reporter.event({ ...segment, state: 'retry', reason: 'The encoder ended.' });
  expect(output()).toBe(
    'Going on from finished segments of an earlier run.\n' +
      'warning: old film.mp4: segment 2 (frames 480 to 719) is tried again: The encoder ended.\n',
  );
});

test('for programs every event is one line of JSON, and logs go elsewhere', () => {
  let stdout = '';
  let stderr = '';
  const log = createJsonLog('warn', (part) => (stderr += part));
  const reporter = new JsonReporter(log, (part) => (stdout += part));
  reporter.event(progress(1));
  reporter.notice('nobody reads this');
  reporter.failure(new RestorationError('DISK_FULL', 'Full.', { hint: 'Free some.' }), 'a\nb');
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([progress(1), { type: 'error', input: 'a\nb', code: 'DISK_FULL', message: 'Full.', hint: 'Free some.' }]);
  expect(
    stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([expect.objectContaining({ level: 'error', code: 'DISK_FULL', msg: 'Full. Free some.' })]);
});
