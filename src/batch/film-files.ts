import path from 'node:path';
import { RestorationError } from '../core/errors.ts';
import { fittingName, splitName } from '../platform/file-names.ts';
import { ensureFolder, listFolder, removeFile, removeFolder, statOrUndefined } from '../platform/files.ts';
import { identify, linkFile, walkFiles, type FileIdentity } from '../platform/move.ts';
import { isTakeable } from './settle.ts';
import type { FilmState, WatchJournal } from './watch-journal.ts';
import { filmFolder, type FilmFolder, type WatchLayout } from './watch-layout.ts';

/** The result's name is made of ours: '.restored', and the longest extension. */
const SPARE_BYTES = 24;

const sameContent = (a: FileIdentity, b: { sizeBytes: number; modifiedMs: number }): boolean =>
  a.sizeBytes === b.sizeBytes && a.modifiedMs === b.modifiedMs;

/**
 * Where one film's files are: the name it was dropped under, or is called by now, and our own name of the same content, which
 * keeps it whatever happens to the other.
 */
export class FilmFiles {
  readonly #job: string;
  readonly #layout: WatchLayout;
  readonly #journal: WatchJournal;

  constructor(job: string, layout: WatchLayout, journal: WatchJournal) {
    this.#job = job;
    this.#layout = layout;
    this.#journal = journal;
  }

  get folder(): FilmFolder {
    return filmFolder(this.#layout, this.#job);
  }

  state(): FilmState {
    const state = this.#journal.film(this.#job);
    if (!state) throw new RestorationError('INTERNAL', `The journal does not know the film ${this.#job}.`);
    return state;
  }

  /** Where the source is to be read from: our own name of it where there can be one; undefined when it is gone. */
  async prepare(): Promise<string | undefined> {
    const { source, result } = this.folder;
    await ensureFolder(source);
    await ensureFolder(result);
    for (const name of await listFolder(result)) {
      // What a restoration leaves when it is cut off; its finished segments are in .restore.
      if (name !== '.restore' && name.startsWith('.')) await removeFile(path.join(result, name));
    }
    const kept = await this.kept();
    if (kept !== undefined) return kept;
    const dropped = await this.inInbox();
    if (dropped === undefined) return undefined;
    const { stem, extension } = splitName(this.state().name);
    const own = path.join(source, fittingName(stem, extension, SPARE_BYTES));
    return (await linkFile(dropped, own)) ? own : dropped;
  }

  /** Our own name of the source, if it has the content that was taken. */
  async kept(): Promise<string | undefined> {
    const { source } = this.folder;
    const state = this.state();
    for (const name of await listFolder(source).catch(() => [])) {
      const file = path.join(source, name);
      const identity = await identify(file);
      if (identity && sameContent(identity, state)) return file;
      await removeFile(file);
    }
    return undefined;
  }

  /** Our own name of the source where it is the last one: without it the content is gone. */
  async lastName(): Promise<string | undefined> {
    const kept = await this.kept();
    if (kept === undefined) return undefined;
    return ((await statOrUndefined(kept))?.nlink ?? 1) > 1 ? undefined : kept;
  }

  /** The source's name in the inbox, whatever it is called by now; undefined when it is not there any more. */
  async inInbox(): Promise<string | undefined> {
    const { inbox } = this.#layout;
    const state = this.state();
    const usual = path.join(inbox, state.name);
    const identity = await identify(usual);
    if (identity && sameContent(identity, state)) return usual;
    const renamed = (await walkFiles(inbox, isTakeable)).find(
      (file) => file.inode === state.inode && sameContent(file, state),
    );
    return renamed ? path.join(inbox, renamed.name) : undefined;
  }

  /** What was restored must be what is there: a file that went on growing is not done. */
  async assertUnchanged(input: string): Promise<void> {
    const identity = await identify(input);
    if (identity && sameContent(identity, this.state())) return;
    await removeFolder(this.folder.path);
    throw new RestorationError('INPUT_CHANGED', 'The file changed while it was being restored.', { retryable: true });
  }
}
