import type { RestoreEvent } from '../core/events.ts';
import { shareOf, type Engine } from '../restore/index.ts';
import type { Junction } from './flow.ts';

const EMIT_INTERVAL_MS = 250;
/** Speed is measured over this much of the recent past. */
const WINDOW_MS = 15_000;
/** Frames of several workers come together: a shorter time says nothing about speed. */
const LEAST_MS = 2_000;
/** Share of waiting from which one side counts as the bottleneck. */
const WAITING_SHARE = 0.3;

interface Sample {
  readonly at: number;
  readonly frames: number;
  readonly starvedMs: number;
  readonly blockedMs: number;
  /** Seconds that workers have spent, by stage. */
  readonly busy: Readonly<Record<string, number>>;
}

/** Turns counts of frames into progress events: speed over the recent past, time left, and who the others wait for. */
export class ProgressMeter {
  readonly #input: string;
  readonly #total: number;
  readonly #emit: (event: RestoreEvent) => void;
  readonly #decode: Junction;
  readonly #encode: Junction;
  readonly #engine: Pick<Engine, 'busySeconds' | 'tally'>;
  readonly #otherwise: string;
  readonly #samples: Sample[] = [];
  /** Frames of finished segments, and frames handed to an encoder. */
  #kept: number;
  #done: number;
  #lastEmit = -Infinity;
  /** Whether a frame has come since the start or a failed attempt. */
  #flows = false;

  constructor(options: {
    input: string;
    total: number;
    done: number;
    /** Junction behind decode, and junction in front of encode. */
    decode: Junction;
    encode: Junction;
    engine: Pick<Engine, 'busySeconds' | 'tally'>;
    /** What happens between them where no worker has a part in it. */
    otherwise: string;
    emit: (event: RestoreEvent) => void;
  }) {
    this.#input = options.input;
    this.#total = options.total;
    this.#kept = options.done;
    this.#done = options.done;
    this.#emit = options.emit;
    this.#decode = options.decode;
    this.#encode = options.encode;
    this.#engine = options.engine;
    this.#otherwise = options.otherwise;
    this.#sample(performance.now());
  }

  frameDone(): void {
    this.#done++;
    if (!this.#flows) {
      // What came before is opening models and filling the chain, which happens once.
      this.#flows = true;
      this.#samples.length = 0;
      this.#sample(performance.now());
    }
    this.#report(false);
  }

  segmentDone(frames: number): void {
    this.#kept += frames;
  }

  /** Sets the count back to what is kept after a failed attempt. */
  rewind(): void {
    this.#done = this.#kept;
    this.#flows = false;
    this.#samples.length = 0;
    this.#sample(performance.now());
  }

  finish(): void {
    this.#report(true);
  }

  #sample(at: number): void {
    this.#samples.push({
      at,
      frames: this.#done,
      starvedMs: this.#decode.starvedMs,
      blockedMs: this.#encode.blockedMs,
      busy: this.#engine.busySeconds().byStage,
    });
    while (this.#samples.length > 2 && (this.#samples[1]?.at ?? at) < at - WINDOW_MS) this.#samples.shift();
  }

  #report(last: boolean): void {
    const now = performance.now();
    if (!last && now - this.#lastEmit < EMIT_INTERVAL_MS) return;
    this.#lastEmit = now;
    const from = this.#samples[0];
    this.#sample(now);
    const elapsed = Math.max(1, now - (from?.at ?? now));
    const rate = !last && elapsed < LEAST_MS ? 0 : ((this.#done - (from?.frames ?? 0)) * 1000) / elapsed;
    const blocked = (this.#encode.blockedMs - (from?.blockedMs ?? 0)) / elapsed;
    const starved = (this.#decode.starvedMs - (from?.starvedMs ?? 0)) / elapsed;
    const bottleneck =
      blocked > WAITING_SHARE ? 'encode' : starved > WAITING_SHARE ? 'decode' : this.#busiest(from?.busy);
    const { tally } = this.#engine;
    this.#emit({
      type: 'progress',
      input: this.#input,
      framesDone: this.#done,
      framesTotal: this.#total,
      framesPerSecond: Math.round(rate * 100) / 100,
      etaSeconds: rate > 0 ? Math.round((this.#total - this.#done) / rate) : undefined,
      bottleneck,
      unchangedShare: shareOf(tally.unchanged, tally),
      cachedShare: shareOf(tally.stored, tally),
    });
  }

  /** The stage that workers have spent the most time on between `before` and the newest sample. */
  #busiest(before: Sample['busy'] = {}): string {
    let [busiest, most] = [this.#otherwise, 0];
    for (const [stage, seconds] of Object.entries(this.#samples.at(-1)?.busy ?? {})) {
      const spent = seconds - (before[stage] ?? 0);
      if (spent > most) [busiest, most] = [stage, spent];
    }
    return busiest;
  }
}
