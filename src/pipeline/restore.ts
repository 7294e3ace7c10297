import { setMaxListeners } from 'node:events';
import path from 'node:path';
import { describeWork } from '../batch/jobs.ts';
import { Journal } from '../batch/journal.ts';
import type { Estimate, RestoreEvent } from '../core/events.ts';
import type { FrameIndex } from '../core/media.ts';
import type { Plan } from '../core/plan.ts';
import { rangeLength, type Segment } from '../core/range.ts';
import { assertNotReplaced } from '../decode/index.ts';
import { ensureFolder, freeBytes } from '../platform/files.ts';
import { shareOf, type Savings } from '../restore/index.ts';
import { analyzeFilm, loadIndex, saveIndex } from './analysis.ts';
import { withAttempts } from './attempts.ts';
import { buildStages, closeStages, type BuiltStages } from './build-stages.ts';
import { estimatePlan, pictureBytesAFrame } from './estimate.ts';
import { EventQueue } from './event-queue.ts';
import { diskGuard, tellAgain, type Emit, type FilmRun } from './film-run.ts';
import { finishWithRoom, removeUnfinished } from './finish.ts';
import type { RestoreOptions } from './options.ts';
import { makePlan, parseOptions } from './plan.ts';
import { ProgressMeter } from './progress.ts';
import { CACHE_FOLDER, ResultCache } from './result-cache.ts';
import { processRun } from './segment-run.ts';
import { cutSegments, pendingRuns } from './segments.ts';
import { openWorkFolder, type WorkFolder } from './workdir.ts';

export interface PlanResult {
  readonly plan: Plan;
  readonly estimate: Estimate;
}

/** Plans one film; `measure` runs a few of its frames through the stages to tell how long the whole will take. */
export async function plan(
  options: RestoreOptions,
  control: { readonly signal?: AbortSignal; readonly measure?: boolean } = {},
): Promise<PlanResult> {
  const made = await makePlan(parseOptions(options), control.signal);
  return { plan: made, estimate: await estimatePlan(made, control) };
}

/**
 * Restores one film and yields what happens. Throws a RestorationError when it cannot be done; an abort ends it once all
 * children are gone, and throws the signal's reason. Finished segments stay in the work folder, so that the same options
 * continue where it stopped; nothing lies under the output's name before it is whole and verified.
 */
export async function* restore(
  options: RestoreOptions,
  control: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<RestoreEvent> {
  const stop = new AbortController();
  const signal = control.signal ? AbortSignal.any([control.signal, stop.signal]) : stop.signal;
  // Every frame in flight listens to it.
  setMaxListeners(0, signal);
  const events = new EventQueue();
  yield* events.drain(run(parseOptions(options), signal, events.emit), () => stop.abort());
}

async function run(options: RestoreOptions, signal: AbortSignal, emit: Emit): Promise<void> {
  const startedAt = performance.now();
  const made = await makePlan(options, signal);
  const input = made.media.path;
  const estimate = await estimatePlan(made, { signal });
  emit({ type: 'plan', input, plan: made, estimate });
  await ensureFolder(path.dirname(made.output));
  const tell = (message: string): void => emit({ type: 'warning', input, message });
  const folder = await openWorkFolder(made.workdir, { fresh: options.fresh ?? false, signal, tell });
  let finished = false;
  try {
    const earlier = await new Journal(made.workdir).resultAt(made.output);
    if (earlier) {
      await removeUnfinished(made);
      finished = true;
      tell(`${made.output} is finished: an earlier run was ended right behind it.`);
      const { frames, sizeBytes } = earlier;
      emit({
        type: 'done',
        input,
        output: made.output,
        frames,
        seconds: 0,
        sizeBytes,
        unchangedShare: 0,
        cachedShare: 0,
      });
      return;
    }
    await describeWork(made);
    const cache = await openCache(made, options, emit);
    const film: FilmRun = { plan: made, estimate, options, signal, emit, cache };
    await warnAboutSpace(film);
    const index = await indexFilm(film);
    const { segments, savings } = await restoreSegments(film, index);
    const sizeBytes = await finishWithRoom(film, index, segments);
    finished = true;
    emit({
      type: 'done',
      input,
      output: made.output,
      frames: index.pts.length,
      seconds: Math.round((performance.now() - startedAt) / 10) / 100,
      sizeBytes,
      unchangedShare: shareOf(savings.unchanged, savings),
      cachedShare: shareOf(savings.stored, savings),
    });
  } catch (error) {
    // Whatever broke while everything was being stopped, the stop is the reason.
    signal.throwIfAborted();
    throw error;
  } finally {
    await release(folder, finished);
  }
}

/** A folder that cannot be tidied up must not hide what happened before. */
async function release(folder: WorkFolder, remove: boolean): Promise<void> {
  await folder.release({ remove }).catch(() => undefined);
}

async function warnAboutSpace({ plan: made, estimate, emit }: FilmRun): Promise<void> {
  const free = await freeBytes(made.workdir);
  if (free >= estimate.diskBytes) return;
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  emit({
    type: 'warning',
    input: made.media.path,
    message: `About ${gib(estimate.diskBytes)} may be needed and ${gib(free)} are free in ${made.workdir}.`,
  });
}

async function indexFilm({ plan: made, estimate, signal, emit }: FilmRun): Promise<FrameIndex> {
  const known = await loadIndex(made.workdir);
  if (known) return known;
  const input = made.media.path;
  const framesEstimated = estimate.frames;
  const onProgress = ({ framesDone }: { readonly framesDone: number }): void =>
    emit({ type: 'analysis', input, framesDone, framesEstimated });
  const again = tellAgain(input, 'Looking through the film', emit);
  const index = await withAttempts(signal, () => analyzeFilm(made.decode, signal, onProgress), again);
  if (index.decodeErrors > 0) {
    emit({
      type: 'warning',
      input,
      message: `The source is damaged: its decoder found ${index.decodeErrors === 1 ? 'an error' : `${index.decodeErrors} errors`}; ${index.pts.length} frames can be restored (about ${framesEstimated} were expected).`,
    });
  }
  await assertNotReplaced(made.media);
  await saveIndex(index, made.workdir);
  return index;
}

async function restoreSegments(
  film: FilmRun,
  index: FrameIndex,
): Promise<{ readonly segments: Segment[]; readonly savings: Savings }> {
  const { plan: made, options, signal, emit } = film;
  const built: BuiltStages = await buildStages(made, options, signal, film.cache);
  try {
    const segments = cutSegments(index.shots, made.segmentFrames, built);
    const journal = new Journal(made.workdir);
    const done = await journal.finished();
    const isDone = (segment: Segment): boolean => {
      const record = done.get(segment.index);
      return record?.start === segment.range.start && record.end === segment.range.end;
    };
    const input = made.media.path;
    let reused = 0;
    for (const segment of segments.filter(isDone)) {
      reused += rangeLength(segment.range);
      const doubts = done.get(segment.index)?.doubts;
      const noted = doubts ? { doubts } : {};
      emit({ type: 'segment', input, index: segment.index, ...segment.range, state: 'reused', ...noted });
    }
    const decodeJunction = { starvedMs: 0, blockedMs: 0 };
    const encodeJunction = { starvedMs: 0, blockedMs: 0 };
    const progress = new ProgressMeter({
      input,
      total: index.pts.length,
      done: reused,
      decode: decodeJunction,
      encode: encodeJunction,
      engine: built.engine,
      otherwise: made.stages[0]?.kind ?? 'copy',
      emit,
    });
    const context = {
      plan: made,
      index,
      stages: built.stages,
      reuse: options.reuse ?? true,
      folder: made.workdir,
      journal,
      signal,
      emit,
      progress,
      disk: diskGuard(made.workdir, film),
      frameSizeBytes: pictureBytesAFrame(made),
      decodeJunction,
      encodeJunction,
    };
    for (const pending of pendingRuns(segments, isDone)) await processRun(pending, context);
    progress.finish();
    return { segments, savings: built.engine.tally };
  } finally {
    await closeStages(built);
    await film.cache?.close();
  }
}

/** Where results of networks are kept for later runs, when that is asked for. */
function openCache(made: Plan, options: RestoreOptions, emit: Emit): Promise<ResultCache | undefined> {
  const folder = path.join(path.dirname(made.workdir), CACHE_FOLDER);
  const warn = (message: string): void => emit({ type: 'warning', input: made.media.path, message });
  return options.cache === undefined
    ? Promise.resolve(undefined)
    : ResultCache.open(folder, options.cache, warn, () => assertNotReplaced(made.media));
}
