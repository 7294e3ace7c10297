import { dirname } from 'node:path';
import { RestorationError } from '../core/errors.ts';
import { systemClock, type Clock } from './clock.ts';
import { freeBytes, removeFile, writeFileAtomic } from './files.ts';
import { get, type Answer } from './http.ts';
import { PartFile, readState, removePart, stateFile, type PartState } from './part-file.ts';

const STALL_MS = 30_000;
/** Attempts in a row that bring nothing new. */
const ATTEMPTS = 5;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
/** Left over on the disk for other programs. */
const RESERVE_BYTES = 16 * 2 ** 20;

export interface DownloadOptions {
  /** What messages call it. */
  readonly name: string;
  readonly url: string;
  /** Where the bytes are collected; what an earlier attempt left there is gone on from. Its folder exists. */
  readonly part: string;
  /** What the file has to be, as far as it is known. */
  readonly sha256?: string | undefined;
  readonly sizeBytes?: number | undefined;
  /** What to do when the sum is another. */
  readonly sumHint?: string | undefined;
  /** Longest silence of the server; default 30 seconds. */
  readonly stallMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((bytesDone: number, bytesTotal: number | undefined) => void) | undefined;
  /** Told before a wait and another attempt. */
  readonly onRetry?: ((message: string, waitMs: number) => void) | undefined;
}

export interface Downloaded {
  readonly sha256: string;
  readonly sizeBytes: number;
}

interface RefusalOptions {
  readonly hint?: string;
  readonly retryable?: boolean;
}

const refusal = (
  message: string,
  { hint = 'Try again later, or use a mirror.', retryable = false }: RefusalOptions = {},
) => new RestorationError('DOWNLOAD_FAILED', message, { hint, retryable });

/** The bytes are not what they should be: nothing of them is worth keeping. */
class WrongContent extends Error {
  readonly reason: RestorationError;

  constructor(reason: RestorationError) {
    super(reason.message);
    this.reason = reason;
  }
}

const wrong = (message: string, hint: string): WrongContent => new WrongContent(refusal(message, { hint }));

const LOGIN_PAGE = 'A login page, a proxy or a moved file is the usual reason; open the address in a browser.';

/** A server that says 200 and means "log in first". ONNX files do not begin with `<`. */
function refuseHtml(name: string, answer: Answer, first?: Buffer): void {
  const type = answer.header('content-type') ?? '';
  const isHtml =
    first === undefined
      ? /^(text\/html|application\/xhtml)/i.test(type)
      : /^\s*</.test(first.toString('latin1', 0, 64));
  if (isHtml) throw wrong(`${answer.host} sent a web page instead of ${name}.`, LOGIN_PAGE);
}

function statusError({ name }: DownloadOptions, { status, host }: Answer): RestorationError {
  if (status === 404 || status === 410) {
    return refusal(`${host} does not have ${name} (${status}).`, {
      hint: 'It may have moved; try a mirror, or add a file of your own.',
    });
  }
  if (status === 401 || status === 403 || status === 407)
    return refusal(`${host} refuses to give ${name} (${status}).`);
  const retryable = status === 408 || status === 425 || status === 429 || status >= 500;
  return refusal(`${host} answered ${status} when it was asked for ${name}.`, { retryable });
}

interface Range {
  readonly start: number;
  readonly total: number | undefined;
}

/** `bytes 5-9/10` or `bytes 5-9/*`. */
function rangeOf(answer: Answer): Range | undefined {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(answer.header('content-range') ?? '');
  return match ? { start: Number(match[1]), total: match[2] === '*' ? undefined : Number(match[2]) } : undefined;
}

const lengthOf = (answer: Answer): number | undefined => {
  const text = answer.header('content-length') ?? '';
  return /^\d+$/.test(text) ? Number(text) : undefined;
};

/** What tells one version of a file from the next: a strong ETag, else the date. */
function validatorOf(answer: Answer): string | undefined {
  const etag = answer.header('etag');
  return etag?.startsWith('"') === true ? etag : answer.header('last-modified');
}

const waitAsked = (answer: Answer): number | undefined => {
  const text = answer.header('retry-after') ?? '';
  return /^\d+$/.test(text) ? Math.min(Number(text) * 1000, LONGEST_WAIT_MS) : undefined;
};

async function checkSpace(options: DownloadOptions, missing: number): Promise<void> {
  const folder = dirname(options.part);
  const free = await freeBytes(folder);
  if (free >= missing + RESERVE_BYTES) return;
  const [need, have] = [missing, free].map((bytes) => `${Math.ceil(bytes / 1e6)} MB`);
  throw new RestorationError('DISK_FULL', `${options.name} needs ${need} more in ${folder}, where ${have} are free.`, {
    hint: 'Free some space, or name another folder in RESTORE_MODELS_DIR.',
  });
}

/** Without a sum or a validator nobody could tell whether the rest is of the same file. */
const isResumable = (sha256: string | undefined, { validator }: PartState): boolean =>
  sha256 !== undefined || validator !== undefined;

/** One file on its way: attempts follow each other until it is whole. */
class Download {
  readonly #options: DownloadOptions;
  readonly #part: PartFile;
  #state: PartState;
  #askedWaitMs: number | undefined;

  constructor(options: DownloadOptions, part: PartFile, state: PartState) {
    this.#options = options;
    this.#part = part;
    this.#state = state;
  }

  async run(): Promise<Downloaded> {
    const { clock = systemClock, signal, onRetry, sha256 } = this.#options;
    let failures = 0;
    let resumed = this.#part.size > 0;
    let restarted = false;
    for (;;) {
      const before = this.#part.size;
      try {
        await this.#attempt();
        const found = this.#part.digest();
        this.#checkSize();
        if (sha256 === undefined || found === sha256) return { sha256: found, sizeBytes: this.#part.size };
        if (!resumed || restarted) throw this.#wrongSum(found, sha256);
        // The pieces may be of two versions of the file: once more from the beginning.
        restarted = true;
        await this.#part.clear();
      } catch (error) {
        if (signal?.aborted === true || !(error instanceof RestorationError) || !error.retryable) throw error;
        if (this.#part.size > before) failures = 0;
        if (++failures >= ATTEMPTS) throw error;
        const wait = this.#askedWaitMs ?? Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS);
        onRetry?.(error.message, wait);
        await clock.sleep(wait, signal);
        resumed ||= this.#part.size > 0;
      }
    }
  }

  #checkSize(): void {
    const { name, sizeBytes } = this.#options;
    const { size } = this.#part;
    if (size === 0) throw wrong(`${name} arrived empty.`, 'Try again later, or use a mirror.');
    if (sizeBytes === undefined || size === sizeBytes) return;
    throw wrong(
      `${name} has ${size} bytes instead of ${sizeBytes}.`,
      'The file was replaced at its source; try a mirror.',
    );
  }

  #wrongSum(found: string, expected: string): WrongContent {
    const { name, sumHint } = this.#options;
    return wrong(
      `${name} is not the file it should be: its sha256 is ${found}, not ${expected}.`,
      sumHint ?? 'The file was replaced or damaged on its way; nothing of it was kept. Try a mirror.',
    );
  }

  /** Asks for what is missing and appends it; throws retryable when some is missing still. */
  async #attempt(): Promise<void> {
    const { url, signal, stallMs = STALL_MS, sha256 } = this.#options;
    if (!isResumable(sha256, this.#state)) await this.#part.clear();
    const { size } = this.#part;
    const { validator } = this.#state;
    this.#askedWaitMs = undefined;
    const condition: Record<string, string> = validator === undefined ? {} : { 'if-range': validator };
    const headers: Record<string, string> = size === 0 ? {} : { range: `bytes=${size}-`, ...condition };
    const answer = await get(url, { headers, stallMs, signal });
    try {
      await this.#take(answer);
    } finally {
      await answer.close();
    }
  }

  async #take(answer: Answer): Promise<void> {
    const { name, part, url } = this.#options;
    if (answer.status === 416 && this.#part.size > 0) {
      const total = /^bytes \*\/(\d+)$/.exec(answer.header('content-range') ?? '')?.[1];
      if (Number(total) === this.#part.size) return;
      await this.#part.clear();
      throw refusal(`${answer.host} has another ${name} than before.`, { retryable: true });
    }
    if (answer.status !== 200 && answer.status !== 206) {
      this.#askedWaitMs = waitAsked(answer);
      throw statusError(this.#options, answer);
    }
    refuseHtml(name, answer);
    const range = answer.status === 206 ? rangeOf(answer) : { start: 0, total: lengthOf(answer) };
    // No resumption: the server does not know ranges, or the file is another one by now.
    if (range?.start === 0 && this.#part.size > 0) await this.#part.clear();
    if (range?.start !== this.#part.size) {
      await this.#part.clear();
      throw refusal(`${answer.host} sent another piece of ${name} than it was asked for.`, { retryable: true });
    }
    const total = this.#expected(answer, range.total);
    if (total !== undefined) await checkSpace(this.#options, total - this.#part.size);
    this.#state = { url, validator: validatorOf(answer) };
    await writeFileAtomic(stateFile(part), JSON.stringify(this.#state), dirname(part));
    await this.#append(answer, total);
  }

  /** Size of the whole file, if anybody knows it. */
  #expected(answer: Answer, offered: number | undefined): number | undefined {
    const { name, sizeBytes } = this.#options;
    if (offered === undefined || sizeBytes === undefined || offered === sizeBytes) return sizeBytes ?? offered;
    throw wrong(
      `${answer.host} offers ${name} with ${offered} bytes instead of ${sizeBytes}.`,
      'The file was replaced at its source; try a mirror.',
    );
  }

  async #append(answer: Answer, total: number | undefined): Promise<void> {
    const { name, onProgress, signal } = this.#options;
    onProgress?.(this.#part.size, total);
    for await (const piece of answer.body) {
      signal?.throwIfAborted();
      if (this.#part.size === 0) refuseHtml(name, answer, piece);
      await this.#part.append(piece);
      onProgress?.(this.#part.size, total);
      if (total !== undefined && this.#part.size > total) {
        throw wrong(`${answer.host} sends more of ${name} than the ${total} bytes it has.`, 'Try a mirror.');
      }
    }
    // A whole answer that is too short is a wrong file, but a server may give less of a range than it was asked for.
    if (answer.status === 206 && total !== undefined && this.#part.size < total) {
      throw refusal(`${answer.host} ended ${name} after ${this.#part.size} of ${total} bytes.`, {
        hint: 'Run the same command again: it goes on where it stopped.',
        retryable: true,
      });
    }
  }
}

/**
 * Brings a file to `part` and checks it: resumes what is there if it is the same file, waits and tries again where that may
 * help. The caller gives it its final name. What failed on the way stays for the next time; what turned out to be something
 * else is removed. Throws DOWNLOAD_FAILED, DISK_FULL, OUTPUT_UNWRITABLE and the signal's reason.
 */
export async function download(options: DownloadOptions): Promise<Downloaded> {
  const { part, url, sha256 } = options;
  const known = await readState(part);
  const state = known?.url === url ? known : { url, validator: undefined };
  const file = await PartFile.open(part, isResumable(sha256, state));
  try {
    const done = await new Download(options, file, state).run();
    await removeFile(stateFile(part));
    return done;
  } catch (error) {
    if (!(error instanceof WrongContent)) throw error;
    await removePart(part);
    throw error.reason;
  } finally {
    await file.close();
    if (file.size === 0) await removePart(part);
  }
}
