import { appendFile, mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { notify } from '../../src/batch/notify.ts';
import { watchFolder } from '../../src/batch/watch.ts';
import type { WatchOptions } from '../../src/batch/watch-api.ts';
import type { WatchEvent } from '../../src/batch/watch-events.ts';
import { RestorationError } from '../../src/core/errors.ts';
import type { Clock } from '../../src/platform/clock.ts';
import { serve } from '../fixtures/servers/habits.ts';
import { filesIn, tempFolder, textWork } from './batch-helpers.ts';
import { virtualClock } from './virtual-clock.ts';

let folder = '';
let log: string[] = [];
let events: WatchEvent[] = [];
beforeEach(async () => {
  folder = tempFolder();
  log = [];
  events = [];
  await mkdir(path.join(folder, 'inbox', 'sub'), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const drop = (name: string, text: string): Promise<void> => writeFile(path.join(folder, 'inbox', name), text);
const count = (type: WatchEvent['type']): number => events.filter((event) => event.type === type).length;

interface Given {
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: WatchEvent) => void;
  readonly slowMs?: number;
}

function watch(options: Partial<WatchOptions> = {}, given: Given = {}): ReturnType<typeof watchFolder> {
  const { onEvent, slowMs = 40_000, clock = virtualClock(), signal } = given;
  return watchFolder(
    { folder, once: true, settleSeconds: 10, ...options },
    {
      clock,
      work: textWork(log, slowMs, clock),
      ...(signal ? { signal } : {}),
      onEvent: (event) => {
        events.push(event);
        onEvent?.(event);
      },
    },
  );
}

test('good films go to done beside their results, bad ones to failed with the reason, and neither blocks the other', async () => {
  await drop('a.txt', 'bad file');
  await drop('b.txt', 'one two');
  await drop('sub/c.txt', 'three');
  await drop('d.txt', 'flaky');
  await drop('e.txt.part', 'unfinished');
  await drop('.hidden', 'hidden');
  const summary = await watch();
  const files = await filesIn(folder);
  const names = Object.keys(files).filter((name) => !name.startsWith('summary'));
  expect(names.sort()).toEqual(
    [
      'done/b.restored.txt',
      'done/b.txt',
      'done/sub/c.restored.txt',
      'done/sub/c.txt',
      'failed/a.txt',
      'failed/a.txt.txt',
      'failed/d.txt',
      'failed/d.txt.txt',
      'inbox/.hidden',
      'inbox/e.txt.part',
    ].sort(),
  );
  expect(files['done/b.restored.txt']).toBe('ONE TWO');
  expect(files['done/b.txt']).toBe('one two');
  expect(files['failed/a.txt.txt']).toContain('a.txt is no film.');
  expect(files['failed/d.txt.txt']?.match(/It broke\./g)).toHaveLength(4);
  expect(count('setback')).toBe(3);
  expect(summary.done.map(({ film }) => film).sort()).toEqual(['b.txt', 'sub/c.txt']);
  expect(summary.failed.map(({ film, code }) => [film, code]).sort()).toEqual([
    ['a.txt', 'INPUT_NOT_MEDIA'],
    ['d.txt', 'DECODE_FAILED'],
  ]);
  const written = Object.entries(files).find(([name]) => /^summary-.*\.json$/.test(name));
  expect(JSON.parse(written?.[1] ?? '')).toEqual(summary);
});

test('a pair of which one name is taken gets a number, and nothing is overwritten', async () => {
  await mkdir(path.join(folder, 'done'));
  await writeFile(path.join(folder, 'done', 'a.restored.txt'), 'mine');
  await drop('a.txt', 'one');
  await watch();
  await drop('a.txt', 'two');
  await watch();
  const files = await filesIn(path.join(folder, 'done'));
  expect(files).toEqual({
    'a.restored.txt': 'mine',
    'a (2).txt': 'one',
    'a.restored (2).txt': 'ONE',
    'a (3).txt': 'two',
    'a.restored (3).txt': 'TWO',
  });
});

test('a file is taken only when it has not changed for a while', async () => {
  const clock = virtualClock();
  await drop('a.txt', 'one');
  const grown = (async () => {
    for (let i = 0; i < 8; i++) {
      await clock.sleep(4_000);
      await appendFile(path.join(folder, 'inbox', 'a.txt'), ` word${i}`);
    }
  })();
  await watch({}, { clock });
  await grown;
  expect((await filesIn(folder))['done/a.restored.txt']).toMatch(/WORD7$/);
  expect(new Set(log).size).toBe(log.length);
});

test('a file that changes while it is worked on is done again, whole', async () => {
  await drop('a.txt', 'slow one two three');
  await watch(
    {},
    {
      onEvent: (event) => {
        if (
          event.type === 'restore' &&
          event.event.type === 'segment' &&
          event.event.index === 1 &&
          count('setback') === 0
        ) {
          void appendFile(path.join(folder, 'inbox', 'a.txt'), ' four');
        }
      },
    },
  );
  const files = await filesIn(folder);
  expect(files['done/a.restored.txt']).toBe('SLOW ONE TWO THREE FOUR');
  expect(files['done/a.txt']).toBe('slow one two three four');
});

test('a film that is renamed while it is worked on is done once', async () => {
  await drop('a.txt', 'slow one two');
  await watch(
    {},
    {
      onEvent: (event) => {
        if (event.type !== 'taken') return;
        void rename(path.join(folder, 'inbox', 'a.txt'), path.join(folder, 'inbox', 'sub', 'z.txt'));
      },
    },
  );
  const files = await filesIn(folder);
  expect(Object.keys(files).filter((name) => !name.startsWith('summary'))).toEqual([
    'done/a.restored.txt',
    'done/a.txt',
  ]);
  expect(log).toEqual(['a.txt:0', 'a.txt:1', 'a.txt:2']);
});

test('the nearest restore.json sets the options; a wrong one keeps its films waiting and nobody else', async () => {
  await drop('restore.json', '{"denoise": 0.5, "upscale": 2}');
  await drop('sub/restore.json', '{"upscale": "much"}');
  await drop('a.txt', 'one');
  await drop('sub/b.txt', 'two');
  const summary = await watch();
  expect(summary.done.map(({ film }) => film)).toEqual(['a.txt']);
  expect(summary.left.map(({ film }) => film)).toEqual(['sub/b.txt']);
  expect(summary.left[0]?.reason).toContain('restore.json is wrong at "upscale"');
  await drop('sub/restore.json', '{"upscale": 4}');
  expect((await watch()).done.map(({ film }) => film)).toEqual(['sub/b.txt']);
});

test('what was moved back into the inbox is done again', async () => {
  await drop('a.txt', 'bad');
  await watch();
  await rm(path.join(folder, 'failed', 'a.txt.txt'));
  await rename(path.join(folder, 'failed', 'a.txt'), path.join(folder, 'inbox', 'a.txt'));
  await utimes(path.join(folder, 'inbox', 'a.txt'), 1e9, 1e9);
  expect((await watch()).failed).toHaveLength(1);
  expect(Object.keys(await filesIn(path.join(folder, 'failed')))).toEqual(['a.txt', 'a.txt.txt']);
});

test('a stop parks: finished segments are kept and the film goes on at the next start', async () => {
  await drop('a.txt', 'slow one two three four five');
  const stop = new AbortController();
  const stopped = watch(
    {},
    {
      signal: stop.signal,
      onEvent: (event) => {
        if (event.type === 'restore' && event.event.type === 'segment' && event.event.index === 2) {
          stop.abort(new RestorationError('STOPPED', 'Stopped.'));
        }
      },
    },
  );
  await expect(stopped).rejects.toMatchObject({ code: 'STOPPED' });
  expect(Object.keys(await filesIn(path.join(folder, 'inbox')))).toEqual(['a.txt']);
  await watch();
  expect(log).toEqual([0, 1, 2, 3, 4, 5].map((index) => `a.txt:${index}`));
  expect((await filesIn(folder))['done/a.restored.txt']).toBe('SLOW ONE TWO THREE FOUR FIVE');
});

test('outside the window films are parked, and each night has its summary', async () => {
  await drop('a.txt', `slow ${Array.from({ length: 10 }, (_, i) => i).join(' ')}`);
  const clock = virtualClock(Date.parse('2026-03-28T20:30:00Z'));
  const options = { window: '22:00-00:30', timeZone: 'Europe/Berlin' };
  await watch(options, { clock, slowMs: 20 * MINUTE });
  const windows = events.flatMap((event) => (event.type === 'window' ? [`${event.open} ${event.until}`] : []));
  expect(windows.slice(0, 3)).toEqual([
    'false 2026-03-28T21:00:00.000Z',
    'true 2026-03-28T23:30:00.000Z',
    'false 2026-03-29T20:00:00.000Z',
  ]);
  expect(count('parked')).toBeGreaterThan(0);
  expect(new Set(log).size).toBe(11);
  const summaries = events.flatMap((event) => (event.type === 'summary' ? [event.summary] : []));
  expect(summaries.at(0)?.left).toHaveLength(1);
  expect(summaries.flatMap(({ done }) => done)).toHaveLength(1);
});

test('a clock that is set forward and back parks and goes on: nothing is done twice, nothing waits for ever', async () => {
  await drop('a.txt', `slow ${Array.from({ length: 12 }, (_, i) => i).join(' ')}`);
  const steady = virtualClock(Date.parse('2026-11-20T22:30:00Z'));
  let jumpMs = 0;
  const clock = { ...steady, now: () => steady.now() + jumpMs };
  let jumps = 0;
  await watch(
    { window: '22:00-07:00', timeZone: 'UTC' },
    {
      clock,
      slowMs: MINUTE,
      onEvent: (event) => {
        // First to noon, and when that has parked it, to the evening before.
        if (event.type === 'restore' && event.event.type === 'segment' && event.event.index === 3 && jumps === 0) {
          jumps = 1;
          jumpMs = 13 * HOUR;
        }
        if (event.type === 'parked' && jumps === 1) {
          jumps = 2;
          jumpMs = -12 * HOUR - 30 * 60_000;
          void clock.sleep(5 * MINUTE).then(() => (jumpMs = -24 * HOUR));
        }
      },
    },
  );
  expect(jumps).toBe(2);
  expect(new Set(log).size).toBe(13);
  expect(log.length).toBeLessThanOrEqual(14);
  expect(count('finished')).toBe(1);
});

test('until: the shortest first, nothing that cannot be finished, and an end', async () => {
  await drop('warm.txt', 'slow one two three');
  await drop('long.txt', `slow ${'word '.repeat(400).trim()}`);
  await drop('short.txt', 'slow one');
  const clock = virtualClock(Date.parse('2026-11-20T22:00:00Z'));
  const summary = await watch({ once: false, until: '23:00', timeZone: 'UTC' }, { clock, slowMs: MINUTE / 2 });
  expect(events.filter((event) => event.type === 'finished').map((event) => event.film)).toEqual([
    'short.txt',
    'warm.txt',
  ]);
  expect(summary.left.map(({ film }) => film)).toEqual(['long.txt']);
  expect(summary.left[0]?.reason).toMatch(/takes about \d+ min/);
  expect(log.some((entry) => entry.startsWith('long'))).toBe(false);
});

test('the hook gets the summary; one that fails is only told', async () => {
  await drop('a.txt', 'one');
  const told = path.join(folder, 'told.json');
  const summary = await watch({ notify: `cat > '${told}'` });
  expect(JSON.parse(await readFile(told, 'utf8'))).toEqual(summary);
  await watch({ notify: 'echo no such luck >&2; exit 3' });
  const last = events.at(-1);
  expect(last?.type === 'trouble' && last.message).toContain('no such luck');
});

test('a hook that hangs is stopped', async () => {
  const summary = await watch();
  expect(await notify('exec sleep 60', summary, 200)).toContain(
    'did not end within 0.2 s and was stopped: exec sleep 60',
  );
});

test('an address gets the summary; one that refuses, hangs or is not there is only told', async () => {
  await drop('a.txt', 'one');
  const bodies: string[] = [];
  const server = await serve((request, response) => {
    if (request.url === '/hang') return;
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      bodies.push(Buffer.concat(parts).toString());
      response.writeHead(request.url === '/full' ? 507 : 204).end();
    });
  });
  const summary = await watch({ notify: `${server.url}/night` });
  expect(bodies.map((body) => JSON.parse(body) as unknown)).toEqual([summary]);
  expect(server.seen.map(({ method, path: asked }) => `${method} ${asked}`)).toEqual(['POST /night']);
  expect(count('trouble')).toBe(0);
  expect(await notify(`${server.url}/full`, summary)).toContain('answered 507');
  expect(await notify(`${server.url}/hang`, summary, 200)).toContain('/hang failed');
  await server.close();
  await watch({ notify: `${server.url}/gone` });
  const last = events.at(-1);
  expect(last?.type === 'trouble' && last.message).toContain('/gone failed');
});
