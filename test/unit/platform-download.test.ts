import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type RequestListener } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Clock } from '../../src/platform/clock.ts';
import { download, type DownloadOptions } from '../../src/platform/download.ts';
import { stateFile } from '../../src/platform/part-file.ts';
import * as habits from '../fixtures/servers/habits.ts';

const BYTES = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919 + (i >> 8)) & 0xff));
const OTHER = Buffer.from(BYTES.map((value) => value ^ 0x55));
const sum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const servers: { close(): Promise<void> }[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) await server.close();
});

async function serve(habit: RequestListener): Promise<habits.TestServer> {
  const server = await habits.serve(habit);
  servers.push(server);
  return server;
}

/** Waits take no time and are remembered. */
function handClock(): Clock & { readonly waits: number[] } {
  const waits: number[] = [];
  return {
    waits,
    now: () => 0,
    monotonic: () => 0,
    sleep: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
  };
}

/** Cuts the connections of a server whenever so many bytes have arrived. */
const cutting =
  (server: habits.TestServer, ...at: number[]) =>
  (done: number): void => {
    if (at.includes(done)) server.cut();
  };

const newPart = (): string => join(mkdtempSync(join(tmpdir(), 'restore-download-')), 'model.onnx.part');

const fetchFrom = (url: string, options: Partial<DownloadOptions> = {}): ReturnType<typeof download> =>
  download({ name: 'model.onnx', url, part: newPart(), clock: handClock(), ...options });

/** Refused in one sentence, and nothing is left. */
async function expectRefusal(url: string, sentence: RegExp, options: Partial<DownloadOptions> = {}): Promise<void> {
  const part = newPart();
  const error: unknown = await fetchFrom(url, { part, ...options }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'DOWNLOAD_FAILED', message: expect.stringMatching(sentence) as string });
  expect((error as Error).message).not.toContain('\n');
  expect(readdirSync(dirname(part)).filter((name) => readFileSync(join(dirname(part), name)).length > 0)).toEqual([]);
}

describe('a file', () => {
  test('arrives whole, with its sum and its progress', async () => {
    const server = await serve(habits.good(BYTES));
    const part = newPart();
    const progress: (readonly [number, number | undefined])[] = [];
    const result = await fetchFrom(`${server.url}/m`, { part, onProgress: (...step) => progress.push(step) });
    expect(result).toEqual({ sha256: sum(BYTES), sizeBytes: BYTES.length });
    expect(readFileSync(part).equals(BYTES)).toBe(true);
    expect(existsSync(stateFile(part))).toBe(false);
    expect(progress[0]).toEqual([0, BYTES.length]);
    expect(progress.at(-1)).toEqual([BYTES.length, BYTES.length]);
  });

  test('of unstated length arrives too', async () => {
    const server = await serve(habits.chunked(BYTES));
    expect((await fetchFrom(server.url)).sha256).toBe(sum(BYTES));
  });

  test('goes on where the connection was cut', async () => {
    const server = await serve(habits.stalls(BYTES, 100_000, 2));
    const clock = handClock();
    const onProgress = cutting(server, 100_000, 200_000);
    expect((await fetchFrom(server.url, { clock, onProgress })).sha256).toBe(sum(BYTES));
    expect(server.seen.map(({ range }) => range)).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);
    expect(new Set(server.seen.slice(1).map(({ ifRange }) => ifRange))).toEqual(new Set([habits.etagOf(BYTES)]));
    expect(clock.waits).toEqual([1000, 1000]);
  });

  test('goes on after the server stalled', async () => {
    const server = await serve(habits.stalls(BYTES, 100_000, 1));
    const told: string[] = [];
    const result = await fetchFrom(server.url, { stallMs: 200, onRetry: (message) => told.push(message) });
    expect(result.sha256).toBe(sum(BYTES));
    expect(server.seen[1]?.range).toBe('bytes=100000-');
    expect(told[0]).toEqual(expect.stringMatching(/^127\.0\.0\.1:\d+ stopped sending\.$/));
  });

  test('begins anew where the server knows no ranges', async () => {
    const server = await serve(habits.plain(BYTES, 100_000, 1));
    const options = { sha256: sum(BYTES), onProgress: cutting(server, 100_000) };
    expect((await fetchFrom(server.url, options)).sha256).toBe(sum(BYTES));
    expect(server.seen.map(({ range }) => range !== undefined)).toEqual([false, true]);
  });

  test('without a sum or a version is never pieced together', async () => {
    const server = await serve(habits.plain(BYTES, 100_000, 1));
    expect((await fetchFrom(server.url, { onProgress: cutting(server, 100_000) })).sha256).toBe(sum(BYTES));
    expect(server.seen.map(({ range }) => range)).toEqual([undefined, undefined]);
  });

  test('that changed between two attempts is taken anew', async () => {
    const server = await serve(habits.changes(habits.stalls(OTHER, 100_000), habits.good(BYTES)));
    expect((await fetchFrom(server.url, { onProgress: cutting(server, 100_000) })).sha256).toBe(sum(BYTES));
    expect(server.seen[1]?.ifRange).toBe(habits.etagOf(OTHER));
  });

  test('of which a wrong piece lies there is taken anew', async () => {
    const part = newPart();
    writeFileSync(part, OTHER.subarray(0, 1000));
    const server = await serve(habits.good(BYTES));
    expect((await fetchFrom(server.url, { part, sha256: sum(BYTES) })).sha256).toBe(sum(BYTES));
    expect(server.seen.map(({ range }) => range)).toEqual(['bytes=1000-', undefined]);
  });

  test('is gone on with by another process', async () => {
    const bad = await serve(habits.stalls(BYTES, 100_000));
    const part = newPart();
    const stop = new AbortController();
    const onRetry = (): void => {
      stop.abort(new Error('stopped'));
    };
    const onProgress = cutting(bad, 100_000);
    await expect(fetchFrom(bad.url, { part, signal: stop.signal, onRetry, onProgress })).rejects.toThrow('stopped');
    const server = await serve(habits.good(BYTES));
    writeFileSync(stateFile(part), JSON.stringify({ url: server.url, validator: habits.etagOf(BYTES) }));
    expect((await fetchFrom(server.url, { part })).sha256).toBe(sum(BYTES));
    expect(server.seen).toMatchObject([{ range: 'bytes=100000-', ifRange: habits.etagOf(BYTES) }]);
  });

  test('that was whole already is not sent again', async () => {
    const part = newPart();
    writeFileSync(part, BYTES);
    const server = await serve(habits.good(BYTES));
    expect((await fetchFrom(server.url, { part, sha256: sum(BYTES) })).sizeBytes).toBe(BYTES.length);
    expect(readFileSync(part).equals(BYTES)).toBe(true);
  });

  test('comes after errors that pass, waiting longer each time or as long as asked', async () => {
    const clock = handClock();
    const server = await serve(habits.fails(503, 3, habits.good(BYTES)));
    expect((await fetchFrom(server.url, { clock })).sha256).toBe(sum(BYTES));
    expect(clock.waits).toEqual([1000, 2000, 4000]);
    const busy = await serve(habits.fails(429, 1, habits.good(BYTES), { 'retry-after': '7' }));
    await fetchFrom(busy.url, { clock });
    expect(clock.waits.at(-1)).toBe(7000);
  });

  test('comes through redirects, to another host too', async () => {
    const server = await serve(habits.good(BYTES));
    const first = await serve(
      habits.redirects((path) => `${server.url.replace('127.0.0.1', 'localhost')}${path}?token=1`),
    );
    expect((await fetchFrom(`${first.url}/m.onnx`)).sha256).toBe(sum(BYTES));
    expect(server.seen[0]?.path).toBe('/m.onnx?token=1');
  });
});

describe('is refused in one sentence, and nothing is left:', () => {
  test('a login page', async () => {
    expect.hasAssertions();
    for (const honest of [true, false]) {
      const server = await serve(habits.loginPage(honest));
      await expectRefusal(server.url, /sent a web page instead of model\.onnx/);
      expect(server.seen).toHaveLength(1);
    }
  });

  test('another length than the known one, before it is sent', async () => {
    const server = await serve(habits.good(BYTES));
    await expectRefusal(server.url, /offers model\.onnx with 300000 bytes instead of 17/, { sizeBytes: 17 });
  });

  test('a file that is shorter than the server says', async () => {
    const server = await serve(habits.lies(BYTES, 1000));
    await expectRefusal(server.url, /has 1000 bytes instead of 300000|offers .* 1000 bytes instead of 300000/, {
      sizeBytes: BYTES.length,
    });
    const unknown = await serve(habits.chunked(BYTES.subarray(0, 10)));
    await expectRefusal(unknown.url, /has 10 bytes instead of 300000/, { sizeBytes: BYTES.length });
  });

  test('more bytes than it should have', async () => {
    const server = await serve(habits.chunked(BYTES));
    await expectRefusal(server.url, /sends more of model\.onnx than the 1000 bytes/, { sizeBytes: 1000 });
  });

  test('another sum', async () => {
    const server = await serve(habits.good(OTHER));
    await expectRefusal(server.url, /its sha256 is [0-9a-f]{64}, not [0-9a-f]{64}/, { sha256: sum(BYTES) });
    expect(server.seen).toHaveLength(1);
  });

  test('an empty file', async () => {
    const server = await serve(habits.good(Buffer.alloc(0)));
    await expectRefusal(server.url, /arrived empty/);
  });

  test('a missing file, at once', async () => {
    const server = await serve(habits.fails(404, Infinity, habits.silent()));
    await expectRefusal(server.url, /does not have model\.onnx \(404\)/);
    expect(server.seen).toHaveLength(1);
  });

  test('a redirect without end', async () => {
    const server = await serve(habits.redirects((path) => `${path}x`));
    await expectRefusal(server.url, /redirects without end/);
  });

  test('a redirect to no web address', async () => {
    const server = await serve(habits.redirects(() => 'file:///etc/passwd'));
    await expectRefusal(server.url, /redirects to something that is no web address/);
  });

  test('a server that never answers, after some attempts', async () => {
    const server = await serve(habits.silent());
    await expectRefusal(server.url, /stopped sending/, { stallMs: 100 });
    expect(server.seen).toHaveLength(5);
  });

  test('a machine that is not there, at once', async () => {
    const server = await habits.serve(habits.silent());
    await server.close();
    await expectRefusal(server.url, /cannot be reached \(ECONNREFUSED\)/);
    await expectRefusal('http://nowhere.invalid/x', /nowhere\.invalid cannot be found|proxy/);
  });
});

test('what a server with a cut connection brought stays for the next time', async () => {
  const server = await serve(habits.plain(BYTES, 100_000, Infinity));
  const part = newPart();
  const options = { part, sha256: sum(BYTES), onProgress: cutting(server, 100_000) };
  await expect(fetchFrom(server.url, options)).rejects.toMatchObject({
    code: 'DOWNLOAD_FAILED',
    retryable: true,
  });
  expect(readFileSync(part).equals(BYTES.subarray(0, 100_000))).toBe(true);
});

describe('a proxy', () => {
  /** Forwards plain requests and counts them; `status` other than 200 refuses. */
  async function proxy(status = 200): Promise<{ url: string; asked: string[] }> {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      if (status !== 200) response.writeHead(status).end();
      else
        httpRequest(request.url ?? '', { headers: request.headers }, (inner) =>
          inner.pipe(response.writeHead(inner.statusCode ?? 500, inner.headers)),
        ).end();
    });
    server.on('connect', (request, socket, head) => {
      asked.push(`CONNECT ${request.url ?? ''}`);
      if (status !== 200) {
        socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
        return;
      }
      const [host = '', port = ''] = (request.url ?? '').split(':');
      const target = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        target.write(head);
        target.pipe(socket).pipe(target);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push({
      close: () =>
        new Promise((resolve) => {
          server.closeAllConnections();
          server.close(() => {
            resolve();
          });
        }),
    });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  }

  test('is asked where the environment names one, but not for hosts of NO_PROXY', async () => {
    const server = await serve(habits.good(BYTES));
    const between = await proxy();
    vi.stubEnv('http_proxy', between.url);
    vi.stubEnv('no_proxy', '');
    expect((await fetchFrom(`${server.url}/a`)).sha256).toBe(sum(BYTES));
    expect(between.asked).toEqual([`${server.url}/a`]);
    vi.stubEnv('no_proxy', '127.0.0.1');
    expect((await fetchFrom(`${server.url}/b`)).sha256).toBe(sum(BYTES));
    expect(between.asked).toHaveLength(1);
  });

  test('that refuses, or is not there, is named without its password', async () => {
    const between = await proxy(407);
    vi.stubEnv('no_proxy', '');
    vi.stubEnv('http_proxy', between.url.replace('//', '//me:secret@'));
    vi.stubEnv('https_proxy', between.url.replace('//', '//me:secret@'));
    await expectRefusal(
      'http://example.invalid/x',
      /^The proxy 127\.0\.0\.1:\d+ does not let example\.invalid through \(407\)\.$/,
    );
    await expectRefusal(
      'https://example.invalid/x',
      /^The proxy 127\.0\.0\.1:\d+ does not let example\.invalid through \(407\)\.$/,
    );
    const gone = await habits.serve(habits.silent());
    await gone.close();
    vi.stubEnv('http_proxy', gone.url);
    await expectRefusal('http://example.invalid/x', /^The proxy 127\.0\.0\.1:\d+ cannot be reached/);
  });
});
