import { isFilmName } from '../pipeline/together.ts';
import { listFolder } from '../platform/files.ts';
import { isTakeable } from './settle.ts';
import type { WatchLayout } from './watch-layout.ts';

/** Tells of files that somebody may wait for in vain, each once. */
export class LeftAlone {
  readonly #layout: WatchLayout;
  readonly #tell: (message: string) => void;
  readonly #told = new Set<string>();

  constructor(layout: WatchLayout, tell: (message: string) => void) {
    this.#layout = layout;
    this.#tell = tell;
  }

  /** A file of the inbox whose name, as it was read, leads to no file. */
  misread(name: string): void {
    this.#once(
      name,
      `${name} is left alone: its name is not written in UTF-8, so that it cannot be opened: rename it.`,
    );
  }

  /** Looks for films that were dropped beside the inbox. */
  async lookBeside(): Promise<void> {
    const { root, output } = this.#layout;
    if (output === root) return;
    for (const name of (await listFolder(root)).filter((each) => isTakeable(each) && isFilmName(each))) {
      this.#once(
        `../${name}`,
        `${name} is left alone: it lies beside the inbox. Move it into inbox/ to have it restored.`,
      );
    }
  }

  #once(key: string, message: string): void {
    if (!this.#told.has(key)) this.#tell(message);
    this.#told.add(key);
  }
}
