import { appendFile, mkdir, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { notify } from '../../src/batch/notify.ts';
import { watchFolder } from '../../src/batch/watch.ts';
import type { WatchOptions } from '../../src/batch/watch-api.ts';
import { settingsFor } from '../../src/batch/watch-options.ts';
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
  await drop('a.film', 'bad file');
  await drop('b.film', 'one two');
  await drop('sub/c.film', 'three');
  await drop('d.film', 'flaky');
  await drop('e.film.part', 'unfinished');
  await drop('.hidden', 'hidden');
  const summary = await watch();
  const files = await filesIn(folder);
  const names = Object.keys(files).filter((name) => !name.startsWith('summary'));
  expect(names.sort()).toEqual(
    [
      'done/b.restored.film',
      'done/b.film',
      'done/sub/c.restored.film',
      'done/sub/c.film',
      'failed/a.film',
      'failed/a.film.txt',
      'failed/d.film',
      'failed/d.film.txt',
      'inbox/.hidden',
      'inbox/e.film.part',
    ].sort(),
  );
  expect(files['done/b.restored.film']).toBe('ONE TWO');
  expect(files['done/b.film']).toBe('one two');
  expect(files['failed/a.film.txt']).toContain('a.film is no film.');
  expect(files['failed/d.film.txt']?.match(/It broke\./g)).toHaveLength(4);
  expect(count('setback')).toBe(3);
  expect(summary.done.map(({ film }) => film).sort()).toEqual(['b.film', 'sub/c.film']);
  expect(summary.failed.map(({ film, code }) => [film, code]).sort()).toEqual([
    ['a.film', 'INPUT_NOT_MEDIA'],
    ['d.film', 'DECODE_FAILED'],
  ]);
  const written = Object.entries(files).find(([name]) => /^summary-.*\.json$/.test(name));
  expect(JSON.parse(written?.[1] ?? '')).toEqual(summary);
});

test('a pair of which one name is taken gets a number, and nothing is overwritten', async () => {
  await mkdir(path.join(folder, 'done'));
  await writeFile(path.join(folder, 'done', 'a.restored.film'), 'mine');
  await drop('a.film', 'one');
  await watch();
  await drop('a.film', 'two');
  await watch();
  const files = await filesIn(path.join(folder, 'done'));
  expect(files).toEqual({
    'a.restored.film': 'mine',
    'a (2).film': 'one',
    'a.restored (2).film': 'ONE',
    'a (3).film': 'two',
    'a.restored (3).film': 'TWO',
  });
});

test('a film beside the inbox is said, once, and neither taken nor waited for', async () => {
  await writeFile(path.join(folder, 'lost.mkv'), 'one');
  await writeFile(path.join(folder, 'notes.txt'), 'two');
  await writeFile(path.join(folder, '._lost.mkv'), 'what a Mac leaves');
  await drop('a.film', 'three');
  await watch();
  const said = events.flatMap((event) => (event.type === 'trouble' ? [event.message] : []));
  expect(said).toEqual([expect.stringMatching(/^lost\.mkv is left alone: it lies beside the inbox\./)]);
  expect((await filesIn(folder))['lost.mkv']).toBe('one');
  events = [];
  await watch({ output: folder });
  expect(count('trouble')).toBe(0);
});

test('a file is taken only when it has not changed for a while', async () => {
  const clock = virtualClock();
  await drop('a.film', 'one');
  const grown = (async () => {
    for (let i = 0; i < 8; i++) {
      await clock.sleep(4_000);
      await appendFile(path.join(folder, 'inbox', 'a.film'), ` word${i}`);
    }
  })();
  await watch({}, { clock });
  await grown;
  expect((await filesIn(folder))['done/a.restored.film']).toMatch(/WORD7$/);
  expect(new Set(log).size).toBe(log.length);
});

test('a file that changes while it is worked on is done again, whole', async () => {
  await drop('a.film', 'slow one two three');
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
          void appendFile(path.join(folder, 'inbox', 'a.film'), ' four');
        }
      },
    },
  );
  const files = await filesIn(folder);
  expect(files['done/a.restored.film']).toBe('SLOW ONE TWO THREE FOUR');
  expect(files['done/a.film']).toBe('slow one two three four');
});

test('a film that is renamed while it is worked on is done once', async () => {
  await drop('a.film', 'slow one two');
  await watch(
    {},
    {
      onEvent: (event) => {
        if (event.type !== 'taken') return;
        void rename(path.join(folder, 'inbox', 'a.film'), path.join(folder, 'inbox', 'sub', 'z.film'));
      },
    },
  );
  expect(await withoutSummaries()).toEqual(['done/a.film', 'done/a.restored.film']);
  expect(log).toEqual(['a.film:0', 'a.film:1', 'a.film:2']);
});

test('the nearest restore.json sets the options; a wrong one keeps its films waiting and nobody else', async () => {
  await drop('restore.json', '{"denoise": 0.5, "upscale": 2}');
  await drop('sub/restore.json', '{"upscale": "much"}');
  await drop('a.film', 'one');
  await drop('sub/b.film', 'two');
  const summary = await watch();
  expect(summary.done.map(({ film }) => film)).toEqual(['a.film']);
  expect(summary.left.map(({ film }) => film)).toEqual(['sub/b.film']);
  expect(summary.left[0]?.reason).toContain('restore.json is wrong at "upscale"');
  await drop('sub/restore.json', '{"upscale": 4}');
  expect((await watch()).done.map(({ film }) => film)).toEqual(['sub/b.film']);
});

const WRONG: readonly (readonly [what: string, text: string, reason: string])[] = [
  ['a size that is none', '{"to": "5k"}', 'restore.json: "5k" is not a size.'],
  ['a codec that is none', '{"codec": "nonsense"}', 'restore.json: "nonsense" is neither a codec'],
  ['a color that is none', '{"inputColor": "pink"}', 'restore.json: "pink" is not a known input color'],
  ['two sizes at once', '{"upscale": 2, "to": "1080p"}', 'both say how large'],
  ['a preset that is not there', '{"preset": "unknown"}', 'restore.json: There is no preset called "unknown"'],
  ['a preset that is missed only by the film', '{"preset": "gone"}', 'There is no preset called "gone"'],
  ['a part of one film', '{"startSeconds": 3}', 'startSeconds'],
];

test.each(WRONG)('a restore.json with %s keeps its films waiting, with the reason, and --once ends', async (...of) => {
  const [, text, reason] = of;
  await drop('sub/restore.json', text);
  await drop('a.film', 'one');
  await drop('sub/b.film', 'two');
  const summary = await watch();
  expect(summary.done.map(({ film }) => film)).toEqual(['a.film']);
  expect(summary.failed).toEqual([]);
  expect(summary.left.map(({ film }) => film)).toEqual(['sub/b.film']);
  expect(summary.left[0]?.reason).toContain(reason);
  expect(count('setback')).toBe(0);
  await drop('sub/restore.json', '{"to": "1080p"}');
  expect((await watch()).done.map(({ film }) => film)).toEqual(['sub/b.film']);
});

test('settings that are wrong for every film are refused before anything is made', async () => {
  await rm(path.join(folder, 'inbox'), { recursive: true });
  await expect(watch({ settings: { preset: 'unknown' } })).rejects.toMatchObject({ code: 'PRESET_UNKNOWN' });
  await expect(watch({ settings: { upscale: 2, to: '4k' } })).rejects.toMatchObject({ code: 'USAGE' });
  expect(await readdir(folder)).toEqual([]);
});

test('what is refused because of the film itself is its failure', async () => {
  await drop('a.film', 'tiny');
  expect((await watch()).failed.map(({ film, code }) => [film, code])).toEqual([['a.film', 'USAGE']]);
});

test('a mark of the byte order in a restore.json is no mistake', async () => {
  await drop('restore.json', '\uFEFF{"denoise": 0.5}');
  await drop('a.film', 'one');
  expect((await watch()).done).toHaveLength(1);
});

test('models of a restore.json are added to those of the command line, kind by kind', async () => {
  await drop('restore.json', '{"models": {"upscale": "mine.onnx"}}');
  await drop('sub/restore.json', '{"models": {"denoise": "theirs"}}');
  const inbox = path.join(folder, 'inbox');
  const base = { models: { upscale: 'luma-fast', colorize: 'color' } };
  const settings = await settingsFor(inbox, 'sub/a.film', base, () => Promise.resolve());
  const upscale = path.join(inbox, 'mine.onnx');
  expect(settings.models).toEqual({ upscale, colorize: 'color', denoise: 'theirs' });
});

test.each([
  ['the inbox', 'inbox'],
  ['a folder in the inbox', 'inbox/results'],
  ['a folder among the work', 'working/results'],
  ['a link to the inbox', 'link'],
])('results cannot go into %s', async (_what, place) => {
  await symlink(path.join(folder, 'inbox'), path.join(folder, 'link'));
  await drop('a.film', 'one');
  await expect(watch({ output: path.join(folder, place) })).rejects.toMatchObject({ code: 'USAGE', exitCode: 2 });
  expect(log).toEqual([]);
});

test('results may go into the watched folder itself', async () => {
  await drop('sub/a.film', 'one');
  await watch({ output: folder });
  expect((await filesIn(folder))['sub/a.restored.film']).toBe('ONE');
});

test('films whose restore.json cannot be read wait and say which', async () => {
  const file = path.join(folder, 'inbox', 'sub', 'restore.json');
  await drop('sub/a.film', 'one');
  await mkdir(file);
  const reason = async (): Promise<string | undefined> => (await watch()).left[0]?.reason;
  expect(await reason()).toBe(`${file} cannot be read (EISDIR).`);
  await rm(file, { recursive: true });
  await symlink('/nowhere/restore.json', file);
  expect(await reason()).toBe(`${file} cannot be read (ENOENT).`);
});

test('the preset and the model that a restore.json names beside itself are no films', async () => {
  await drop('restore.json', '{"preset": "look.json", "models": {"upscale": "mine.onnx"}}');
  for (const name of ['look.json', 'mine.onnx', 'mine.json', 'mine.onnx_data']) await drop(name, 'bad');
  await drop('a.film', 'one');
  const summary = await watch();
  expect(summary).toMatchObject({ done: [{ film: 'a.film' }], failed: [], left: [] });
});

test('what lies beside films is left alone: descriptions, subtitles, sums, and our own reasons', async () => {
  const names = ['a.mp4.txt', 'a.NFO', 'a.srt', 'a.sub', 'a.idx', 'a.md5', 'a.sha256'];
  for (const name of names) await drop(name, 'bad');
  const summary = await watch();
  expect([summary.failed, summary.left]).toEqual([[], []]);
  expect(Object.keys(await filesIn(path.join(folder, 'inbox'))).sort()).toEqual([...names].sort());
});

// Only some systems have such names at all.
test.skipIf(process.platform !== 'linux')(
  'what cannot be opened since its name is no UTF-8 is said, once',
  async () => {
    const latin1 = (text: string): Buffer => Buffer.from(path.join(folder, 'inbox', text), 'latin1');
    await writeFile(latin1('caf\u00e9.film'), 'one');
    await mkdir(latin1('\u00e9t\u00e9'));
    await drop('b.film', 'two');
    const summary = await watch();
    expect(summary.done).toHaveLength(1);
    const told = events.flatMap((event) => (event.type === 'trouble' ? [event.message] : []));
    expect(told.sort()).toEqual([
      expect.stringMatching(/^caf\ufffd\.film is left alone: its name is not written in UTF-8/),
      expect.stringMatching(/^\ufffdt\ufffd is left alone/),
    ]);
  },
);

const LONG = [
  ['250 letters', `${'a'.repeat(250)}.film`],
  ['83 Chinese characters', `${'\u5f71'.repeat(83)}.film`],
  ['no extension', 'b'.repeat(255)],
  ['a dot and much behind it', `c.${'d'.repeat(253)}`],
  ['characters outside of the first plane', `${'\u{1F39E}'.repeat(62)}.film`],
] as const;

test.each(LONG)('a name that is as long as disks allow is no obstacle: %s', async (_what, name) => {
  const bytes = (files: Record<string, string>): number[] => Object.keys(files).map((file) => Buffer.byteLength(file));
  await drop(name, 'one');
  await watch();
  await drop(name, 'two words');
  const summary = await watch();
  expect([summary.done.length, summary.left]).toEqual([1, []]);
  const done = await filesIn(path.join(folder, 'done'));
  expect(Object.values(done).sort()).toEqual(['ONE', 'TWO WORDS', 'one', 'two words']);
  expect(Object.keys(done)).toContain(name);
  await drop(name, 'bad');
  await watch();
  await drop(name, 'bad again');
  expect((await watch()).failed).toHaveLength(1);
  const failed = await filesIn(path.join(folder, 'failed'));
  expect(bytes(failed)).toHaveLength(4);
  for (const length of [...bytes(done), ...bytes(failed)]) expect(length).toBeLessThanOrEqual(255);
  expect([...Object.keys(done), ...Object.keys(failed)].join('')).not.toContain('\uFFFD');
});

/** Does something to the inbox when the first segment of the film is done. */
function atFirstSegment(act: () => Promise<void>): Given {
  let acted = false;
  return {
    onEvent: (event) => {
      if (acted || event.type !== 'restore' || event.event.type !== 'segment') return;
      acted = true;
      void act();
    },
  };
}

const withoutSummaries = async (): Promise<string[]> =>
  Object.keys(await filesIn(folder))
    .filter((name) => !name.startsWith('summary'))
    .sort();

test.each([
  ['deleted', (from: string) => rm(from)],
  ['moved away', (from: string) => rename(from, path.join(folder, 'mine.film'))],
])('a source that was %s while it was worked on is not put back', async (what, act) => {
  await drop('a.film', 'slow one two');
  await watch(
    {},
    atFirstSegment(() => act(path.join(folder, 'inbox', 'a.film'))),
  );
  const own = what === 'deleted' ? [] : ['mine.film'];
  expect(await withoutSummaries()).toEqual(['done/a.restored.film', ...own]);
  expect(events.find(({ type }) => type === 'finished')).toMatchObject({ source: '' });
});

test('a source that was moved out of the inbox before the work on it goes on is given up', async () => {
  await drop('a.film', 'slow one two');
  const stop = new AbortController();
  const act = (): Promise<void> => {
    stop.abort(new RestorationError('STOPPED', 'Stopped.'));
    return rename(path.join(folder, 'inbox', 'a.film'), path.join(folder, 'mine.film'));
  };
  await expect(watch({}, { ...atFirstSegment(act), signal: stop.signal })).rejects.toMatchObject({ code: 'STOPPED' });
  await watch();
  expect(await withoutSummaries()).toEqual(['mine.film']);
  expect(count('gone')).toBe(1);
});

test('an inbox that is removed while it is watched is made again, and what is dropped then is done', async () => {
  const inbox = path.join(folder, 'inbox');
  await drop('a.film', 'one');
  const clock = virtualClock();
  let dropped = false;
  const onEvent = (event: WatchEvent): void => {
    if (event.type === 'finished' && !dropped) {
      dropped = true;
      void rm(inbox, { recursive: true });
    }
    if (event.type === 'trouble' && event.message.includes('is there again')) void drop('b.film', 'two');
  };
  const until = { once: false, until: '13:00', timeZone: 'UTC' };
  const summary = await watch(until, { clock, onEvent });
  expect(summary.done.map(({ film }) => film)).toEqual(['a.film', 'b.film']);
});

test('between attempts there is an hour at most', async () => {
  await drop('a.film', 'flaky');
  await watch({ attempts: 6 });
  const pauses = events.flatMap((event) => (event.type === 'setback' ? [event.againSeconds] : []));
  expect(pauses).toEqual([60, 240, 960, 3600, 3600]);
});

test('what was moved back into the inbox is done again', async () => {
  await drop('a.film', 'bad');
  await watch();
  await rm(path.join(folder, 'failed', 'a.film.txt'));
  await rename(path.join(folder, 'failed', 'a.film'), path.join(folder, 'inbox', 'a.film'));
  await utimes(path.join(folder, 'inbox', 'a.film'), 1e9, 1e9);
  expect((await watch()).failed).toHaveLength(1);
  expect(Object.keys(await filesIn(path.join(folder, 'failed')))).toEqual(['a.film', 'a.film.txt']);
});

test('a stop parks: finished segments are kept and the film goes on at the next start', async () => {
  await drop('a.film', 'slow one two three four five');
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
  expect(Object.keys(await filesIn(path.join(folder, 'inbox')))).toEqual(['a.film']);
  await watch();
  expect(log).toEqual([0, 1, 2, 3, 4, 5].map((index) => `a.film:${index}`));
  expect((await filesIn(folder))['done/a.restored.film']).toBe('SLOW ONE TWO THREE FOUR FIVE');
});

test('outside the window films are parked, and each night has its summary', async () => {
  await drop('a.film', `slow ${Array.from({ length: 10 }, (_, i) => i).join(' ')}`);
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
  const done = summaries.flatMap((summary) => summary.done);
  expect(done).toHaveLength(1);
  // What the first night did counts in its own summary, and in what the film took.
  expect(summaries[0]?.workSeconds).toBeGreaterThan(2 * 3600);
  expect(done[0]?.seconds).toBeGreaterThanOrEqual(11 * 20 * 60);
  expect(summaries.reduce((sum, { workSeconds }) => sum + workSeconds, 0)).toBeCloseTo(done[0]?.seconds ?? 0, -1);
});

test('a clock that is set forward and back parks and goes on: nothing is done twice, nothing waits for ever', async () => {
  await drop('a.film', `slow ${Array.from({ length: 12 }, (_, i) => i).join(' ')}`);
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
  await drop('warm.film', 'slow one two three');
  await drop('long.film', `slow ${'word '.repeat(400).trim()}`);
  await drop('short.film', 'slow one');
  const clock = virtualClock(Date.parse('2026-11-20T22:00:00Z'));
  const summary = await watch({ once: false, until: '23:00', timeZone: 'UTC' }, { clock, slowMs: MINUTE / 2 });
  expect(events.filter((event) => event.type === 'finished').map((event) => event.film)).toEqual([
    'short.film',
    'warm.film',
  ]);
  expect(summary.left.map(({ film }) => film)).toEqual(['long.film']);
  expect(summary.left[0]?.reason).toMatch(/takes about \d+ min/);
  expect(log.some((entry) => entry.startsWith('long'))).toBe(false);
});

test('the hook gets the summary; one that fails is only told', async () => {
  await drop('a.film', 'one');
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
  await drop('a.film', 'one');
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
