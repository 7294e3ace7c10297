import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { FrameFormat } from '../../src/core/format.ts';
import { availableEncoders } from '../../src/encode/encoders.ts';
import {
  encodeSegments,
  ffv1Plan,
  format,
  pattern,
  pictureHashes,
  scratch,
  variableTimes,
} from '../unit/encode-kit.ts';

const GOLDEN = path.join(import.meta.dirname, 'encode-ffv1.txt');
const folder = scratch();
const timeBase = { num: 1, den: 90_000 };
const FRAMES = 4;

const full = { ...format().color, range: 'full' as const };
const shapes: readonly (readonly [string, FrameFormat])[] = [
  ['yuv420p', format()],
  ['yuv420p odd', format({ width: 35, height: 33 })],
  ['yuv420p full', format({ color: full })],
  ['yuv420p10le', format({ pixelFormat: { sampling: '420', bitDepth: 10 } })],
  ['yuv422p12le', format({ pixelFormat: { sampling: '422', bitDepth: 12 } })],
  ['yuv444p16le', format({ pixelFormat: { sampling: '444', bitDepth: 16 } })],
  ['gray full', format({ pixelFormat: { sampling: 'gray', bitDepth: 8 }, color: full })],
  ['gray10le', format({ pixelFormat: { sampling: 'gray', bitDepth: 10 } })],
];

/** One line a frame: format, number, MD5 of its samples. RESTORE_GOLDEN=write makes the list anew. */
test('FFV1 gives back every sample of every format', async () => {
  const available = await availableEncoders();
  const lines: string[] = [];
  for (const [name, shape] of shapes) {
    const encode = ffv1Plan(shape, available);
    const pts = variableTimes(FRAMES);
    const [segment] = await encodeSegments(encode, shape, { folder, timeBase, pts, cuts: [], name });
    const decoded = pictureHashes(segment!.path);
    for (let at = 0; at < FRAMES; at++) {
      const hash = createHash('md5');
      for (const plane of pattern(at, shape, 0n).planes) hash.update(plane);
      expect(decoded[at], `${name}, frame ${at}`).toBe(hash.digest('hex'));
      lines.push(`${name}, ${at}, ${decoded[at]!}`);
    }
  }
  const text = `${lines.join('\n')}\n`;
  if (process.env['RESTORE_GOLDEN'] === 'write') writeFileSync(GOLDEN, text);
  expect(text).toBe(readFileSync(GOLDEN, 'utf8'));
});
