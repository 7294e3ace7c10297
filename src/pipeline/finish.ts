import path from 'node:path';
import { Journal } from '../batch/journal.ts';
import { RestorationError } from '../core/errors.ts';
import type { FrameIndex } from '../core/media.ts';
import type { Plan } from '../core/plan.ts';
import type { Segment } from '../core/range.ts';
import { assertUnchanged } from '../decode/index.ts';
import { joinAndMux, verifyOutput, withoutEmptyStreams } from '../encode/index.ts';
import { listFolder, publish, publishNew, removeFile, statOrUndefined } from '../platform/files.ts';
import { identify } from '../platform/move.ts';
import { withAttempts } from './attempts.ts';
import { diskGuard, tellAgain, type Emit, type FilmRun } from './film-run.ts';
import { RUN, segmentFile } from './segment-run.ts';

/** Copied streams and the container's tables come on top of the segments. */
const JOINED_SHARE = 1.2;

/** As `finish`; a disk that becomes full over it is waited for. Returns the size of the film in bytes. */
export async function finishWithRoom(film: FilmRun, index: FrameIndex, segments: readonly Segment[]): Promise<number> {
  const { plan: made, signal, emit } = film;
  let bytes = 0;
  for (const segment of segments) {
    bytes += (await statOrUndefined(path.join(made.workdir, segmentFile(made, segment))))?.size ?? 0;
  }
  const guard = diskGuard(path.dirname(made.output), film, JOINED_SHARE);
  const again = tellAgain(made.media.path, 'Joining the segments', emit);
  return guard.retry(bytes, () => withAttempts(signal, () => finish(film, index, segments), again));
}

const unfinishedPrefix = ({ planHash }: Plan): string => `.restore-${planHash}.partial`;

/** Removes what a run that was killed has left beside the output; it may be many gigabytes. */
export async function removeUnfinished(made: Plan): Promise<void> {
  const folder = path.dirname(made.output);
  for (const name of await listFolder(folder)) {
    if (name.startsWith(unfinishedPrefix(made))) await removeFile(path.join(folder, name));
  }
}

/** Joins, muxes, verifies, and only then gives the file its name. */
async function finish(film: FilmRun, index: FrameIndex, segments: readonly Segment[]): Promise<number> {
  const { plan: made, options, signal, emit } = film;
  const input = made.media.path;
  const folder = path.dirname(made.output);
  await removeUnfinished(made);
  await assertUnchanged(made.media);
  const temporary = path.join(folder, `${unfinishedPrefix(made)}-${RUN}${path.extname(made.output)}`);
  try {
    const files = segments.map((segment) => ({
      path: path.join(made.workdir, segmentFile(made, segment)),
      range: segment.range,
    }));
    const { plan, warnings: left } = await withoutEmptyStreams(made, index, signal);
    const warnings = await joinAndMux({ plan, index, segments: files, output: temporary, signal });
    for (const message of [...left, ...warnings]) emit({ type: 'warning', input, message });
    const progress = verifyProgress(input, index.pts.length, emit);
    const level = options.verify ?? 'full';
    await verifyOutput({ plan, index, path: temporary, signal, level, onProgress: progress.done });
    if (level === 'full') progress.finish();
    // Sound and all else that is kept was read from it only now.
    await assertUnchanged(made.media);
    const identity = await identify(temporary);
    if (!identity) throw new RestorationError('VERIFY_FAILED', `The finished file ${temporary} is gone.`);
    await new Journal(made.workdir).appendResult({ frames: index.pts.length, ...identity });
    await (made.overwrite ? publish : publishNew)(temporary, made.output, folder);
    return identity.sizeBytes;
  } finally {
    await removeFile(temporary);
  }
}

/** Frames decoded again, told a few times a second, and all of them at the end: that is what stays on the screen. */
function verifyProgress(
  input: string,
  framesTotal: number,
  emit: Emit,
): { readonly done: (framesDone: number) => void; readonly finish: () => void } {
  const startedAt = performance.now();
  let toldAt = startedAt;
  const tell = (framesDone: number, now: number): void => {
    toldAt = now;
    const framesPerSecond = Math.round((framesDone * 100_000) / Math.max(1, now - startedAt)) / 100;
    const etaSeconds = Math.round((framesTotal - framesDone) / Math.max(0.01, framesPerSecond));
    emit({ type: 'progress', input, framesDone, framesTotal, framesPerSecond, etaSeconds, bottleneck: 'verify' });
  };
  return {
    done: (framesDone) => {
      const now = performance.now();
      if (now - toldAt >= 250) tell(framesDone, now);
    },
    finish: () => tell(framesTotal, performance.now()),
  };
}
