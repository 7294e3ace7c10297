import { clamp, type Gray } from './gray.ts';

/** Block side, and how far a block may move from where the whole picture has gone, in cells of the small picture. */
const BLOCK = 8;
const REACH = 3;
/** How far the whole picture may go in one frame, as a part of its width and height. */
const PAN = 0.3;
/** Brightness pumping that is taken out before pictures are compared: ratio of contrasts, and codes of 0..255. */
const MAX_GAIN = 1.35;
const MAX_OFFSET = 20;
/** Differences below this, in codes of 0..255, are noise. */
const NOISE = 1;

/**
 * How little of one picture is found again in the other: 0 for the same take, about 1 for unrelated pictures. Motion of
 * the camera and of things in the scene, and a change of brightness, are tolerated: every block may come from
 * anywhere near, in either direction of time. Relative to the contrast of the blocks, so that dark shots count as much as
 * bright ones. Pictures in codes of 0..255, of one size.
 */
export function shotDistance(a: Gray, b: Gray): number {
  const leveled = level(b, a);
  const pan = globalShift(a, leveled);
  return Math.min(unmatched(a, leveled, pan.x, pan.y), unmatched(leveled, a, -pan.x, -pan.y));
}

function statistics({ data }: Gray): { mean: number; deviation: number } {
  let sum = 0;
  let squares = 0;
  for (const value of data) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / data.length;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / data.length - mean * mean)) };
}

/** `picture` with brightness and contrast brought toward those of `target`, as far as pumping goes. */
function level(picture: Gray, target: Gray): Gray {
  const [from, to] = [statistics(picture), statistics(target)];
  const gain = clamp((to.deviation + NOISE) / (from.deviation + NOISE), 1 / MAX_GAIN, MAX_GAIN);
  // Exposure scales about black; what is left is an offset.
  const offset = clamp(to.mean - gain * from.mean, -MAX_OFFSET, MAX_OFFSET);
  return { ...picture, data: picture.data.map((value) => value * gain + offset) };
}

/** Where the whole of `a` is found in `b`: the shift with the least mean difference over what both show. */
function globalShift(a: Gray, b: Gray): { x: number; y: number } {
  const { width, height } = a;
  const [rangeX, rangeY] = [Math.floor(width * PAN), Math.floor(height * PAN)];
  let best = { x: 0, y: 0 };
  let least = meanDifference(a, b, 0, 0) * 0.95;
  for (let y = -rangeY; y <= rangeY; y += 2) {
    for (let x = -rangeX; x <= rangeX; x += 2) {
      const difference = meanDifference(a, b, x, y);
      if (difference < least) {
        least = difference;
        best = { x, y };
      }
    }
  }
  return best;
}

function meanDifference(a: Gray, b: Gray, dx: number, dy: number): number {
  const { width, height } = a;
  const [x0, x1] = [Math.max(0, -dx), Math.min(width, width - dx)];
  const [y0, y1] = [Math.max(0, -dy), Math.min(height, height - dy)];
  let sum = 0;
  let count = 0;
  for (let y = y0; y < y1; y += 2) {
    for (let x = x0; x < x1; x += 2) {
      sum += Math.abs((a.data[y * width + x] ?? 0) - (b.data[(y + dy) * width + x + dx] ?? 0));
      count++;
    }
  }
  return count === 0 ? Infinity : sum / count;
}

/** Sum of the blocks' differences to their best match, over the sum of their own contrasts. */
function unmatched(a: Gray, b: Gray, panX: number, panY: number): number {
  let differences = 0;
  let contrasts = 0;
  for (let y = 0; y < a.height; y += BLOCK) {
    for (let x = 0; x < a.width; x += BLOCK) {
      const [w, h] = [Math.min(BLOCK, a.width - x), Math.min(BLOCK, a.height - y)];
      const contrast = blockContrast(a, x, y, w, h);
      let least = bestMatch(a, b, x, y, w, h, 0, 0, Infinity);
      if (panX !== 0 || panY !== 0) least = bestMatch(a, b, x, y, w, h, panX, panY, least);
      // One block that is wholly new (a lamp, a flash of light) says no more than any other.
      differences += Math.min(Math.max(0, least - NOISE * w * h), 3 * (contrast + NOISE * w * h));
      contrasts += contrast + NOISE * w * h;
    }
  }
  return differences / contrasts;
}

function blockContrast({ data, width }: Gray, x: number, y: number, w: number, h: number): number {
  let sum = 0;
  for (let row = y; row < y + h; row++) for (let i = x; i < x + w; i++) sum += data[row * width + i] ?? 0;
  const mean = sum / (w * h);
  let contrast = 0;
  for (let row = y; row < y + h; row++) {
    for (let i = x; i < x + w; i++) contrast += Math.abs((data[row * width + i] ?? 0) - mean);
  }
  return contrast;
}

/** Least sum of absolute differences within `REACH` of a shift; `least` if none is below it. */
function bestMatch(
  a: Gray,
  b: Gray,
  x: number,
  y: number,
  w: number,
  h: number,
  shiftX: number,
  shiftY: number,
  least: number,
): number {
  const { width, height } = a;
  const fromX = clamp(x + shiftX - REACH, 0, width - w);
  const toX = clamp(x + shiftX + REACH, 0, width - w);
  const fromY = clamp(y + shiftY - REACH, 0, height - h);
  const toY = clamp(y + shiftY + REACH, 0, height - h);
  for (let v = fromY; v <= toY; v++) {
    for (let u = fromX; u <= toX; u++) {
      let sum = 0;
      for (let row = 0; row < h && sum < least; row++) {
        const p = (y + row) * width + x;
        const q = (v + row) * width + u;
        for (let i = 0; i < w; i++) sum += Math.abs((a.data[p + i] ?? 0) - (b.data[q + i] ?? 0));
      }
      if (sum < least) least = sum;
    }
  }
  return least;
}
