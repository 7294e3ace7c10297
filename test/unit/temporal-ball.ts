/** A colored film that is a function: a red ball that rolls over a green ground. */
import type { ChromaGrid, Frame } from '../../src/core/frame.ts';
import { blotches, formatOf, frameOf, noiseAt, type CountedFrame, type Scene } from './temporal-scenes.ts';

export const WIDTH = 128;
export const HEIGHT = 96;
export const CELL = 6;
export const [COLUMNS, ROWS] = [Math.ceil(WIDTH / CELL), HEIGHT / CELL];
export const FORMAT = formatOf(WIDTH, HEIGHT);

/** A grid whose cells have the color of their middles, with `noise` on it that changes from frame to frame. */
export function gridOf(
  color: (x: number, y: number) => readonly [number, number],
  time: number,
  noise: number,
): ChromaGrid {
  const count = COLUMNS * ROWS;
  const [cb, cr, luma] = [new Float32Array(count), new Float32Array(count), new Float32Array(count)];
  for (let cell = 0; cell < count; cell++) {
    const [cx, cy] = [cell % COLUMNS, Math.floor(cell / COLUMNS)];
    const [u, v] = color((cx + 0.5) * CELL, (cy + 0.5) * CELL);
    // Half of the flicker is of the whole frame, as that of colorizers often is.
    cb[cell] = u + noise * (noiseAt(0, 0, time) + noiseAt(cx, cy, time)) * Math.SQRT1_2;
    cr[cell] = v + noise * (noiseAt(1, 0, time) + noiseAt(cx, cy + 99, time)) * Math.SQRT1_2;
  }
  return { width: COLUMNS, height: ROWS, cb, cr, luma, confidence: new Float32Array(count).fill(0.6) };
}

export const ground = blotches(5, 22);
export const skin = blotches(6, 10);
export const ballX = (t: number): number => 18 + 4.5 * t;
export const inBall = (x: number, y: number, t: number): boolean => (x - ballX(t)) ** 2 + (y - 46) ** 2 < 17 ** 2;
export const scene =
  (t: number): Scene =>
  (x, y) =>
    (inBall(x, y, t) ? 0.6 + 0.3 * skin(x - ballX(t), y) : 0.15 + 0.35 * ground(x, y)) + 0.012 * noiseAt(x, y, t);
export const colorAt =
  (t: number) =>
  (x: number, y: number): readonly [number, number] =>
    inBall(x, y, t) ? [-0.1, 0.3] : [-0.15, -0.15];

export const COUNT = 20;
export const film = (noise: number): CountedFrame[] =>
  Array.from({ length: COUNT }, (_, t) => frameOf(t, FORMAT, scene(t), gridOf(colorAt(t), t, noise)));

/** RMS of a grid's difference to the truth over the cells that `where` picks. */
export function errorOf(
  frames: readonly Frame[],
  truth: readonly Frame[],
  where: (x: number, y: number, t: number) => boolean,
): number {
  let [sum, count] = [0, 0];
  frames.forEach(({ chromaGrid, index }, i) => {
    const right = truth[i]!.chromaGrid!;
    for (let cell = 0; cell < COLUMNS * ROWS; cell++) {
      const [x, y] = [((cell % COLUMNS) + 0.5) * CELL, (Math.floor(cell / COLUMNS) + 0.5) * CELL];
      if (!where(x, y, index)) continue;
      sum += (chromaGrid!.cb[cell]! - right.cb[cell]!) ** 2 + (chromaGrid!.cr[cell]! - right.cr[cell]!) ** 2;
      count++;
    }
  });
  return Math.sqrt(sum / count);
}

export const nearBall = (x: number, y: number, t: number): boolean =>
  Math.abs(Math.hypot(x - ballX(t), y - 46) - 17) < 2 * CELL;
