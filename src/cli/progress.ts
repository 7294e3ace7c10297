import { formatDuration, formatNumber, quoteName } from './text.ts';

/** What the bar shows of a film that is being restored. */
export interface Progress {
  readonly name: string;
  /** What is being done when it is not restoring: 'finding shots'. */
  readonly phase: string | undefined;
  readonly framesDone: number;
  readonly framesTotal: number;
  readonly framesPerSecond: number | undefined;
  readonly etaSeconds: number | undefined;
  readonly bottleneck: string | undefined;
}

const BAR_CELLS = 24;
const SMALLEST_BAR = 6;
const LONGEST_NAME = 32;

const share = (progress: Progress): number =>
  progress.framesTotal <= 0 ? 0 : Math.min(1, Math.max(0, progress.framesDone / progress.framesTotal));

function shorten(name: string, width: number): string {
  const quoted = quoteName(name);
  return quoted.length <= width ? quoted : `${quoted.slice(0, Math.max(1, width - 1))}…`;
}

/** The figures behind the bar: `120/241 frames  3.4 fps  ETA 0:36  slowest: upscale`. */
function figures(progress: Progress): string[] {
  const parts = [`${progress.framesDone}/${progress.framesTotal} frames`];
  if (progress.framesPerSecond !== undefined && progress.framesPerSecond > 0) {
    parts.push(`${formatNumber(progress.framesPerSecond, progress.framesPerSecond < 10 ? 2 : 1)} fps`);
  }
  if (progress.etaSeconds !== undefined) parts.push(`ETA ${formatDuration(progress.etaSeconds)}`);
  if (progress.phase !== undefined) parts.push(progress.phase);
  else if (progress.bottleneck !== undefined) parts.push(`slowest: ${progress.bottleneck}`);
  return parts;
}

/** The live line of a terminal that is `columns` wide: what does not fit is left out from the end, the bar last. */
export function formatBar(progress: Progress, columns: number): string {
  const parts = figures(progress);
  const name = shorten(progress.name, Math.min(LONGEST_NAME, Math.max(8, Math.floor(columns / 5))));
  while (parts.length > 0) {
    const tail = parts.join('  ');
    const cells = Math.min(BAR_CELLS, columns - 1 - name.length - tail.length - 6);
    if (cells >= SMALLEST_BAR) {
      const full = Math.round(share(progress) * cells);
      return `${name}  [${'#'.repeat(full)}${'-'.repeat(cells - full)}]  ${tail}`;
    }
    parts.pop();
  }
  return `${name}  ${Math.floor(share(progress) * 100)}%`.slice(0, Math.max(0, columns - 1));
}

/** The same as a line for logs and pipes. */
export const formatProgressLine = (progress: Progress): string =>
  `${quoteName(progress.name)}: ${Math.floor(share(progress) * 100)}%, ${figures(progress).join(', ')}`;
