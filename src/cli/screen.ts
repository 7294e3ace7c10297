const USUAL_COLUMNS = 80;
const CLEAR_LINE = '\r\u001b[2K';

/** The part of a stream that the screen needs; process.stderr fits. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Lines that scroll, and below them one status line that is drawn over itself where the stream is a terminal. */
export class Screen {
  readonly live: boolean;
  readonly #out: Output;
  #status = '';

  constructor(out: Output, options: { readonly live: boolean }) {
    this.#out = out;
    this.live = options.live;
  }

  get columns(): number {
    // A terminal that nobody has given a size, as a container's without input, says 0.
    const { columns = 0 } = this.#out;
    return columns > 0 ? columns : USUAL_COLUMNS;
  }

  line(text: string): void {
    if (this.#status === '') this.#out.write(`${text}\n`);
    else this.#out.write(`${CLEAR_LINE}${text}\n${this.#status}`);
  }

  /** Draws the status line; only on a live screen. */
  status(text: string): void {
    if (!this.live || text === this.#status) return;
    this.#out.write(CLEAR_LINE + text);
    this.#status = text;
  }

  /** Takes the status line away. */
  clearStatus(): void {
    if (this.#status === '') return;
    this.#out.write(CLEAR_LINE);
    this.#status = '';
  }

  /** Lets the status line stand as an ordinary one. */
  keepStatus(): void {
    if (this.#status === '') return;
    this.#out.write('\n');
    this.#status = '';
  }
}
