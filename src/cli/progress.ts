import type { PullProgress } from '../index.ts';
import { cellWidth, cutToCells } from './cells.ts';
import { formatBytes, formatDuration, formatNumber, quoteName } from './text.ts';

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
  return cellWidth(quoted) <= width ? quoted : `${cutToCells(quoted, Math.max(1, width - 1))}…`;
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

/** A line of a terminal that is `columns` wide: what does not fit is left out from the end, the bar last. */
function drawBar(of: string, share: number, figures: readonly string[], columns: number): string {
  const parts = [...figures];
  const name = shorten(of, Math.min(LONGEST_NAME, Math.max(8, Math.floor(columns / 5))));
  while (parts.length > 0) {
    const tail = parts.join('  ');
    const cells = Math.min(BAR_CELLS, columns - 1 - cellWidth(name) - cellWidth(tail) - 6);
    if (cells >= SMALLEST_BAR) {
      const full = Math.round(share * cells);
      return `${name}  [${'#'.repeat(full)}${'-'.repeat(cells - full)}]  ${tail}`;
    }
    parts.pop();
  }
  return cutToCells(`${name}  ${Math.floor(share * 100)}%`, Math.max(0, columns - 1));
}

/** The live line of a run. */
export const formatBar = (progress: Progress, columns: number): string =>
  drawBar(progress.name, share(progress), figures(progress), columns);

/** The same as a line for logs and pipes. */
export const formatProgressLine = (progress: Progress): string =>
  `${quoteName(progress.name)}: ${Math.floor(share(progress) * 100)}%, ${figures(progress).join(', ')}`;

/** A download and how fast it goes; undefined before that can be said. */
export interface Download extends PullProgress {
  readonly bytesPerSecond: number | undefined;
}

function downloadFigures({ bytesDone, bytesTotal, bytesPerSecond }: Download): string[] {
  const parts = [
    bytesTotal === undefined ? formatBytes(bytesDone) : `${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`,
  ];
  if (bytesPerSecond === undefined || bytesPerSecond <= 0) return parts;
  parts.push(`${formatBytes(bytesPerSecond)}/s`);
  if (bytesTotal !== undefined) parts.push(`ETA ${formatDuration((bytesTotal - bytesDone) / bytesPerSecond)}`);
  return parts;
}

const downloadShare = ({ bytesDone, bytesTotal }: Download): number =>
  bytesTotal === undefined || bytesTotal <= 0 ? 0 : Math.min(1, bytesDone / bytesTotal);

/** The live line of a download. */
export const formatDownloadBar = (download: Download, columns: number): string =>
  drawBar(download.model, downloadShare(download), downloadFigures(download), columns);

/** The same as a line for logs and pipes. */
export const formatDownloadLine = (download: Download): string =>
  `${quoteName(download.model)}: ${download.bytesTotal === undefined ? '' : `${Math.floor(downloadShare(download) * 100)}%, `}${downloadFigures(download).join(', ')}`;
