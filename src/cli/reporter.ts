import path from 'node:path';
import type { PullProgress, RestorationError } from '../index.ts';
import { type RestoreEvent } from '../index.ts';
import type { Log } from './log.ts';
import { formatPlanSummary } from './plan-text.ts';
import { formatBar, formatDownloadBar, formatDownloadLine, formatProgressLine, type Progress } from './progress.ts';
import type { Screen } from './screen.ts';
import { formatBytes, formatDuration, quoteName } from './text.ts';

/** Where events of a run go. */
export interface Reporter {
  event(event: RestoreEvent): void;
  /** A failure of one input, or of the whole command when `input` is undefined. */
  failure(error: RestorationError, input: string | undefined): void;
  /** An input that nothing is done to, and why. */
  skipped(input: string, why: string): void;
  /** Something for the person at the terminal. */
  notice(text: string): void;
  /** How far a model's download is. */
  download(progress: PullProgress): void;
  /** Nothing is being done any more, for now: what showed how far it was is taken away. */
  idle(): void;
}

/** Between two drawings of the bar. */
const BAR_INTERVAL_MS = 100;
/** Between two lines where there is no terminal. */
const LINE_INTERVAL_MS = 5000;

const sentence = (error: RestorationError): string =>
  error.hint === undefined ? error.message : `${error.message} ${error.hint}`;

const nameOf = (input: string): string => path.basename(input);

/** Where a download was when it was first told of, for its speed. */
interface DownloadStart {
  readonly model: string;
  readonly bytes: number;
  readonly ms: number;
}

/** For people: a live bar in a terminal, lines elsewhere. */
export class TextReporter implements Reporter {
  readonly #log: Log;
  readonly #screen: Screen;
  readonly #now: () => number;
  #lastShownMs = Number.NEGATIVE_INFINITY;
  #lastPercent = -1;
  #lastPhase: string | undefined;
  #last: Progress | undefined;
  #reused = 0;
  #download: DownloadStart | undefined;

  constructor(log: Log, screen: Screen, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#screen = screen;
    this.#now = now;
  }

  event(event: RestoreEvent): void {
    switch (event.type) {
      case 'plan':
        this.#start();
        for (const line of formatPlanSummary(event.plan, event.estimate)) this.#log.info(line);
        this.#log.debug({ planHash: event.plan.planHash, workdir: event.plan.workdir }, 'plan');
        break;
      case 'analysis':
        this.#progress({
          name: nameOf(event.input),
          phase: 'finding shots',
          framesDone: event.framesDone,
          framesTotal: Math.max(event.framesDone, event.framesEstimated),
          framesPerSecond: undefined,
          etaSeconds: undefined,
          bottleneck: undefined,
        });
        break;
      case 'progress':
        this.#progress({
          name: nameOf(event.input),
          phase: event.bottleneck === 'verify' ? 'verifying' : undefined,
          framesDone: event.framesDone,
          framesTotal: event.framesTotal,
          framesPerSecond: event.framesPerSecond,
          etaSeconds: event.etaSeconds,
          bottleneck: event.bottleneck,
        });
        break;
      case 'segment':
        this.#segment(event);
        break;
      case 'warning':
        this.#log.warn(`${quoteName(nameOf(event.input))}: ${event.message}`);
        break;
      case 'done':
        this.#showLast();
        this.#log.info(
          `${quoteName(event.output)}: ${event.frames} ${event.frames === 1 ? 'frame' : 'frames'}, ${formatBytes(event.sizeBytes)}, in ${formatDuration(event.seconds)}${savingsOf(event)}.`,
        );
        break;
      case 'error':
        this.#log.error(event.hint === undefined ? event.message : `${event.message} ${event.hint}`);
        break;
    }
  }

  failure(error: RestorationError, input: string | undefined): void {
    this.#screen.keepStatus();
    this.#log.error(sentence(error));
    this.#log.debug({ code: error.code, input, stack: error.stack, cause: causes(error) }, 'failure');
  }

  skipped(input: string, why: string): void {
    this.#log.info(`${quoteName(input)}: ${why}`);
  }

  notice(text: string): void {
    this.#log.info(text);
  }

  idle(): void {
    this.#screen.clearStatus();
    this.#last = undefined;
  }

  download(progress: PullProgress): void {
    if (!this.#log.isLevelEnabled('info')) return;
    const now = this.#now();
    const { model, bytesDone, bytesTotal } = progress;
    if (this.#download?.model !== model || bytesDone < this.#download.bytes) {
      this.#download = { model, bytes: bytesDone, ms: now };
      this.#lastShownMs = Number.NEGATIVE_INFINITY;
    }
    // A bar has an end; without one there are lines.
    const live = this.#screen.live && bytesTotal !== undefined;
    const whole = bytesDone === bytesTotal;
    if (!whole && now - this.#lastShownMs < (live ? BAR_INTERVAL_MS : LINE_INTERVAL_MS)) return;
    this.#lastShownMs = now;
    const seconds = (now - this.#download.ms) / 1000;
    // The first moments say nothing about a line.
    const bytesPerSecond = seconds < 1 ? undefined : (bytesDone - this.#download.bytes) / seconds;
    if (live) this.#screen.status(formatDownloadBar({ ...progress, bytesPerSecond }, this.#screen.columns));
    else this.#log.info(formatDownloadLine({ ...progress, bytesPerSecond }));
    if (whole) this.#screen.keepStatus();
  }

  #start(): void {
    this.#screen.keepStatus();
    this.#lastShownMs = Number.NEGATIVE_INFINITY;
    this.#lastPercent = -1;
    this.#lastPhase = undefined;
    this.#last = undefined;
    this.#reused = 0;
  }

  #segment(event: Extract<RestoreEvent, { type: 'segment' }>): void {
    const what = `segment ${event.index} (frames ${event.start} to ${event.end - 1})`;
    if (event.state === 'retry') {
      this.#log.warn(`${quoteName(nameOf(event.input))}: ${what} is tried again: ${event.reason ?? 'it failed'}`);
      return;
    }
    if (event.state === 'reused' && this.#reused++ === 0) {
      this.#log.info('Going on from finished segments of an earlier run.');
    }
    this.#log.debug(`${what} ${event.state}`);
  }

  #progress(progress: Progress): void {
    if (!this.#log.isLevelEnabled('info')) return;
    this.#last = progress;
    const now = this.#now();
    const changed = progress.phase !== this.#lastPhase;
    if (this.#screen.live) {
      if (!changed && now - this.#lastShownMs < BAR_INTERVAL_MS) return;
      this.#screen.status(formatBar(progress, this.#screen.columns));
    } else {
      const percent = Math.floor((100 * progress.framesDone) / Math.max(1, progress.framesTotal));
      if (!changed && (now - this.#lastShownMs < LINE_INTERVAL_MS || percent === this.#lastPercent)) return;
      this.#lastPercent = percent;
      this.#log.info(formatProgressLine(progress));
    }
    this.#lastShownMs = now;
    this.#lastPhase = progress.phase;
  }

  /** The last state is what stays on the screen, whenever it was due. */
  #showLast(): void {
    if (this.#screen.live && this.#last) this.#screen.status(formatBar(this.#last, this.#screen.columns));
    this.#screen.keepStatus();
  }
}

function savingsOf({ unchangedShare, cachedShare }: Extract<RestoreEvent, { type: 'done' }>): string {
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  const unchanged =
    unchangedShare > 0 ? `; ${percent(unchangedShare)} was as in the frame before and not computed again` : '';
  return cachedShare > 0 ? `${unchanged}; ${percent(cachedShare)} came from the cache` : unchanged;
}

function causes(error: RestorationError): string[] {
  const chain: string[] = [];
  for (let cause = error.cause; cause instanceof Error && chain.length < 8; cause = cause.cause) {
    chain.push(cause.stack ?? cause.message);
  }
  return chain;
}

/** Between two `analysis` or `download` events for programs: there is one a frame or a piece. */
const EVENT_INTERVAL_MS = 500;

/** For programs: every event as it is, one JSON object a line. */
export class JsonReporter implements Reporter {
  readonly #log: Log;
  readonly #write: (text: string) => void;

  readonly #now: () => number;
  #analysisMs = Number.NEGATIVE_INFINITY;
  #downloadMs = Number.NEGATIVE_INFINITY;

  constructor(log: Log, write: (text: string) => void, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#write = write;
    this.#now = now;
  }

  event(event: RestoreEvent): void {
    if (event.type === 'analysis') {
      if (this.#now() - this.#analysisMs < EVENT_INTERVAL_MS) return;
      this.#analysisMs = this.#now();
    }
    this.#write(`${JSON.stringify(event)}\n`);
  }

  failure(error: RestorationError, input: string | undefined): void {
    this.event({
      type: 'error',
      input: input ?? '',
      code: error.code,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
    this.#log.error({ code: error.code, input }, sentence(error));
    this.#log.debug({ stack: error.stack, cause: causes(error) }, 'failure');
  }

  skipped(input: string, why: string): void {
    this.#write(`${JSON.stringify({ type: 'skipped', input, message: why })}\n`);
    this.#log.info({ input }, why);
  }

  notice(text: string): void {
    this.#log.info(text);
  }

  idle(): void {
    // Events say it.
  }

  download(progress: PullProgress): void {
    const now = this.#now();
    if (now - this.#downloadMs < EVENT_INTERVAL_MS && progress.bytesDone !== progress.bytesTotal) return;
    this.#downloadMs = now;
    this.#write(`${JSON.stringify({ type: 'download', ...progress })}\n`);
  }
}
