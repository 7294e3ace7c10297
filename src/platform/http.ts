import { getProxyForUrl } from 'proxy-from-env';
import { Agent, ProxyAgent, request, type Dispatcher } from 'undici';
import { RestorationError } from '../core/errors.ts';
import { errorCodeOf } from './files.ts';

/** Sends JSON to a URL. Throws when it cannot be delivered within the time or the answer is no success. */
export async function postJson(url: string, body: string, timeoutMs: number): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal: AbortSignal.timeout(timeoutMs),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
}

const MOST_REDIRECTS = 8;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export interface GetOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Longest silence of the other side, in milliseconds: while connecting, before the answer and inside it. */
  readonly stallMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** An answer whose body is still on its way; `close` must be called. */
export interface Answer {
  readonly status: number;
  /** First value of a header, by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** Host that answered in the end. */
  readonly host: string;
  /** Throws as `get` does. */
  readonly body: AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/** What of a URL may be shown: tokens and passwords are in the rest. */
const shown = (url: URL): string => url.host;

const failed = (message: string, retryable: boolean, hint: string, cause?: unknown): RestorationError =>
  new RestorationError('DOWNLOAD_FAILED', message, { hint, retryable, cause });

const ONLINE = 'Check that this machine is online; behind a proxy, set HTTPS_PROXY.';
const AGAIN = 'Run the same command again: it goes on where it stopped.';

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ISSUER/;
const STALLS = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']);
const OFFLINE = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'ENETUNREACH', 'ENETDOWN']);
const CLOSED_DOOR = new Set(['ECONNREFUSED', 'EHOSTUNREACH']);

/** The innermost code: undici and happy eyeballs wrap what the system said. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const own = errorCodeOf(error) ?? '';
  const inner = error instanceof Error && error.cause !== undefined ? codeOf(error.cause) : '';
  return inner === '' ? own : inner;
}

/** Says in our words why a connection failed. Only what may pass by itself is retryable. */
function connectionError(url: URL, proxy: string, error: unknown): RestorationError {
  if (error instanceof RestorationError) return error;
  const code = codeOf(error);
  const text = error instanceof Error ? error.message : String(error);
  const host = shown(url);
  if (proxy !== '') {
    const through = shown(new URL(proxy));
    const refusal = /Proxy response \((\d+)\)|Proxy Authentication Required \((407)\)/.exec(text);
    if (refusal) {
      const status = refusal[1] ?? refusal[2] ?? '';
      const hint =
        status === '407'
          ? 'It wants a name and a password: HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT.'
          : 'Ask who runs it, or name another in HTTPS_PROXY.';
      return failed(`The proxy ${through} does not let ${host} through (${status}).`, false, hint, error);
    }
    if (OFFLINE.has(code) || CLOSED_DOOR.has(code)) {
      return failed(
        `The proxy ${through} cannot be reached (${code}).`,
        false,
        'Check HTTPS_PROXY and HTTP_PROXY, or add the host to NO_PROXY.',
        error,
      );
    }
  }
  if (OFFLINE.has(code)) return failed(`${host} cannot be found (${code}).`, false, ONLINE, error);
  if (CLOSED_DOOR.has(code)) return failed(`${host} cannot be reached (${code}).`, false, ONLINE, error);
  if (CERTIFICATE.test(code)) {
    return failed(
      `The certificate of ${host} is not trusted (${code}).`,
      false,
      'A proxy that opens encrypted connections needs its own certificate named in NODE_EXTRA_CA_CERTS.',
      error,
    );
  }
  if (STALLS.has(code)) return failed(`${host} stopped sending.`, true, AGAIN, error);
  return failed(`The connection to ${host} broke off (${code === '' ? text : code}).`, true, AGAIN, error);
}

function dispatcherFor(url: URL, proxy: string, stallMs: number): Dispatcher {
  const options = { connect: { timeout: stallMs }, headersTimeout: stallMs, bodyTimeout: stallMs };
  if (proxy === '') return new Agent(options);
  // A tunnel for what is encrypted; plain addresses are asked of the proxy itself, many of which tunnel to port 443 only.
  return new ProxyAgent({ ...options, uri: proxy, proxyTunnel: url.protocol === 'https:' });
}

function redirectTarget(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to?.protocol === 'https:' || (to?.protocol === 'http:' && from.protocol === 'http:')) return to;
  const what = to?.protocol === 'http:' ? `an unencrypted address (${shown(to)})` : 'something that is no web address';
  throw failed(`${shown(from)} redirects to ${what}, which is refused.`, false, 'Try another network, or a mirror.');
}

async function* bytesOf(body: AsyncIterable<Buffer>, explain: (error: unknown) => Error): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } catch (error) {
    throw explain(error);
  }
}

/**
 * Asks for a URL, through the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name, and follows redirects, but never from
 * an encrypted address to a plain one. Any status is an answer. Throws DOWNLOAD_FAILED, retryable where waiting may help,
 * and the signal's reason.
 */
export async function get(address: string, options: GetOptions): Promise<Answer> {
  const { stallMs, signal, headers = {} } = options;
  let url = new URL(address);
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const here = url;
    const proxy = getProxyForUrl(here.href);
    const dispatcher = dispatcherFor(here, proxy, stallMs);
    const explain = (error: unknown): Error => {
      if (signal?.aborted === true) return signal.reason as Error;
      return connectionError(here, proxy, error);
    };
    const close = async (): Promise<void> => {
      await dispatcher.destroy().catch(() => undefined);
    };
    try {
      const {
        statusCode,
        headers: answered,
        body,
      } = await request(here, {
        dispatcher,
        // Compressed bytes could neither be counted nor resumed.
        headers: { 'accept-encoding': 'identity', 'user-agent': 'film-restore', ...headers },
        headersTimeout: stallMs,
        bodyTimeout: stallMs,
        ...(signal ? { signal } : {}),
      });
      const header = (name: string): string | undefined => [answered[name]].flat()[0];
      // A body that is cut off by `close` has nobody to tell.
      body.on('error', () => undefined);
      const location = header('location');
      if (!REDIRECTS.has(statusCode) || location === undefined) {
        return { status: statusCode, header, host: shown(here), body: bytesOf(body, explain), close };
      }
      url = redirectTarget(here, location);
    } catch (error) {
      await close();
      throw explain(error);
    }
    await close();
  }
  throw failed(`${shown(new URL(address))} redirects without end.`, false, 'Try again later, or use a mirror.');
}
