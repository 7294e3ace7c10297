import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { z } from 'zod';
import { RestorationError } from '../core/errors.ts';
import type { Clock } from '../platform/clock.ts';
import { listFolder, readText, removeFile } from '../platform/files.ts';
import { isRunning, ownIdentity } from '../platform/host.ts';
import { createOwned, type OwnedFile } from '../platform/owned-file.ts';

const EXTENSION = '.lease';
/** Beats within the time after which a silent owner counts as gone. */
const BEATS = 4;
/** A silent owner is looked at this often. */
const LOOK_MS = 2_000;

const contentSchema = z.object({
  token: z.string(),
  host: z.string(),
  pid: z.number().int(),
  start: z.string(),
  since: z.string(),
  /** Silent for this long, the owner counts as gone. */
  expiresAfterMs: z.number(),
  /** Goes up while the owner lives; of fixed length, so that it can be overwritten in place. */
  beat: z.string(),
});
type LeaseContent = z.infer<typeof contentSchema>;

/** The right to work on one thing, held by one process among all that share the folder. */
export interface Lease {
  /** Aborted when the lease turns out to be another's. */
  readonly lost: AbortSignal;
  /** Throws STOPPED when the lease is not ours any more: to be called before anything that must happen once. */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
}

interface LeaseFile {
  readonly name: string;
  readonly generation: number;
}

/**
 * Leases in a folder that several processes and machines may share. A lease is a file `ID.GENERATION.lease`, created only
 * where there is none; the highest generation owns. An owner rewrites its file now and then; one whose process is known to
 * be dead, or whose file has not changed for its expiry by the observer's own clock (machines' clocks differ, and jump), is
 * succeeded by the next generation, which again only one can create.
 */
export class LeaseBook {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #expiresAfterMs: number;
  /** What we saw in others' files, and since when it is the same. */
  readonly #seen = new Map<string, { readonly text: string; readonly sinceMs: number }>();

  constructor(folder: string, clock: Clock, expiresAfterMs: number) {
    this.#folder = folder;
    this.#clock = clock;
    this.#expiresAfterMs = expiresAfterMs;
  }

  /** Undefined while another has it, or when another was faster. */
  async acquire(id: string): Promise<Lease | undefined> {
    const before = await this.#files(id);
    for (const file of before) if (!(await this.#isAbandoned(file))) return undefined;
    const file = `${id}.${(before.at(-1)?.generation ?? 0) + 1}${EXTENSION}`;
    const content: LeaseContent = {
      token: randomUUID(),
      ...ownIdentity(),
      since: new Date(this.#clock.now()).toISOString(),
      expiresAfterMs: this.#expiresAfterMs,
      beat: beatText(0),
    };
    const owned = await createOwned(path.join(this.#folder, file), JSON.stringify(content));
    if (!owned) return undefined;
    const known = new Set([file, ...before.map(({ name }) => name)]);
    const isAlone = async (): Promise<boolean> => (await this.#files(id)).every(({ name }) => known.has(name));
    if (!(await isAlone())) {
      await owned.remove();
      return undefined;
    }
    for (const { name } of before) {
      await removeFile(path.join(this.#folder, name));
      this.#seen.delete(name);
    }
    return this.#hold(id, file, owned, content);
  }

  /**
   * As `acquire`, for who cannot come again later: waits while nobody can say whether the owner lives, until it has been
   * silent for its time (then it is succeeded) or has given a sign of life (then undefined). `onWait` hears who it is.
   */
  async acquireFromSilent(
    id: string,
    signal: AbortSignal | undefined,
    onWait: (owner: string) => void,
  ): Promise<Lease | undefined> {
    let first: string | undefined;
    for (;;) {
      const lease = await this.acquire(id);
      if (lease) return lease;
      const file = (await this.#files(id)).at(-1);
      const text = file && (await readText(path.join(this.#folder, file.name)).catch(() => undefined));
      if (text !== undefined) {
        const content = parseContent(text);
        if ((content && isRunning(content) === true) || (first !== undefined && first !== text)) return undefined;
        if (first === undefined) onWait((await this.owner(id)) ?? 'Another process');
        first = text;
      }
      await this.#clock.sleep(LOOK_MS, signal);
    }
  }

  /** Who holds it, in words; undefined when nobody does who is known to be alive or could be. */
  async owner(id: string): Promise<string | undefined> {
    for (const { name } of (await this.#files(id)).reverse()) {
      const content = parseContent(await readText(path.join(this.#folder, name)).catch(() => ''));
      const running = content ? isRunning(content) : undefined;
      if (running === false) continue;
      if (!content) return 'Another process';
      return running === true
        ? `Process ${content.pid}`
        : `Process ${content.pid} on ${content.host.split(' ')[0] ?? ''}`;
    }
    return undefined;
  }

  /** Ids that anybody, ourselves included, holds or has left behind. */
  async ids(): Promise<Set<string>> {
    const names = await listFolder(this.#folder);
    return new Set(names.filter((name) => name.endsWith(EXTENSION)).map((name) => name.split('.')[0] ?? ''));
  }

  #hold(id: string, file: string, owned: OwnedFile, content: LeaseContent): Lease {
    const lost = new AbortController();
    const released = new AbortController();
    const check = async (): Promise<boolean> => {
      const files = await this.#files(id);
      const held = files.at(-1)?.name === file && (await owned.isOurs());
      if (!held) {
        lost.abort(
          new RestorationError('STOPPED', 'Another process has taken this film over.', {
            hint: 'This process did not answer for a long time; the other one goes on.',
          }),
        );
      }
      return held;
    };
    const beat = async (): Promise<void> => {
      for (let count = 1; !released.signal.aborted; count++) {
        await this.#clock.sleep(this.#expiresAfterMs / BEATS, released.signal);
        // A share that does not answer for a moment is no reason to give up: whether the lease is still ours is asked again.
        if (!(await check().catch(() => true))) return;
        await owned.rewrite(JSON.stringify({ ...content, beat: beatText(count) })).catch(() => undefined);
      }
    };
    const beating = beat().catch(() => undefined);
    return {
      lost: lost.signal,
      assertHeld: async () => {
        await check();
        lost.signal.throwIfAborted();
      },
      release: async () => {
        released.abort();
        await beating;
        await owned.remove();
      },
    };
  }

  async #files(id: string): Promise<LeaseFile[]> {
    const files: LeaseFile[] = [];
    for (const name of await listFolder(this.#folder)) {
      if (!name.startsWith(`${id}.`) || !name.endsWith(EXTENSION)) continue;
      const generation = Number(name.slice(id.length + 1, -EXTENSION.length));
      if (Number.isSafeInteger(generation) && generation > 0) files.push({ name, generation });
    }
    return files.sort((a, b) => a.generation - b.generation);
  }

  async #isAbandoned({ name }: LeaseFile): Promise<boolean> {
    let text: string;
    try {
      text = await readText(path.join(this.#folder, name));
    } catch {
      // Released just now; the next round sees it.
      return false;
    }
    const content = parseContent(text);
    const running = content ? isRunning(content) : undefined;
    if (running !== undefined) return !running;
    const now = this.#clock.monotonic();
    const seen = this.#seen.get(name);
    if (seen?.text !== text) {
      this.#seen.set(name, { text, sinceMs: now });
      return false;
    }
    return now - seen.sinceMs > (content?.expiresAfterMs ?? this.#expiresAfterMs);
  }
}

const beatText = (count: number): string => String(count).padStart(12, '0');

function parseContent(text: string): LeaseContent | undefined {
  try {
    return contentSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
