import path from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { dataPath } from '../../bench/common/data.ts';
import { codeRange } from '../../src/core/color.ts';
import type { Plane } from '../../src/core/frame.ts';
import { readBytes } from '../../src/platform/files.ts';
import { findDevice } from '../../src/restore/backends/index.ts';
import { resolveModel } from '../../src/restore/index.ts';
import { interfaceOf } from '../../src/restore/models/interface.ts';
import { pictureModel } from '../../src/restore/stages/environment.ts';
import { runTask } from '../../src/restore/tasks/index.ts';
import type { TaskTools } from '../../src/restore/tasks/task.ts';

// Networks and films that others made. They are not part of the project.

const data = dataPath() ?? '';
const there = (file: string): boolean => dataPath(file) !== undefined;
const GENERAL = 'models/realesr-general-x4v3.onnx';
const ANIMATION = 'models/realesr-animevideov3.onnx';
const FLOWER = 'clips/flower.mp4';

describe.each([
  [GENERAL, 34],
  [ANIMATION, 18],
])('%s', (file, layers) => {
  test.skipIf(!there(file))('is found to enlarge RGB 4 times (needs RESTORE_DATA)', async () => {
    const { manifest, notes } = await resolveModel('upscale', path.join(data, file));
    expect(manifest).toMatchObject({
      adapter: 'rgb-sr',
      scale: 4,
      sizeMultiple: 1,
      input: { layout: 'nchw', type: 'float32', range: [0, 1] },
      output: { range: [0, 1] },
    });
    // One 3x3 layer a pixel, and the pixel itself.
    expect((manifest as { receptiveField: number }).receptiveField).toBeLessThanOrEqual(layers + 2);
    expect(notes).toHaveLength(1);
  });
});

const [WIDTH, HEIGHT] = [112, 80];

/** Planes of a piece of a film, 4:4:4 in 8 bits. */
async function piece(file: string): Promise<Plane[]> {
  const filter = `crop=${WIDTH}:${HEIGHT}:400:200,format=yuv444p`;
  const { stdout } = await execa(
    'ffmpeg',
    ['-v', 'error', '-i', file, '-vf', filter, '-frames:v', '1', '-f', 'rawvideo', '-'],
    { encoding: 'buffer' },
  );
  const area = WIDTH * HEIGHT;
  expect(stdout).toHaveLength(3 * area);
  return [0, 1, 2].map((i) => Uint8Array.from(stdout.subarray(i * area, (i + 1) * area)));
}

test.skipIf(!there(GENERAL) || !there(FLOWER))(
  'realesr-general-x4v3 leaves no seams in a film: tiled is untiled within 1e-3 (needs RESTORE_DATA)',
  async () => {
    const model = pictureModel('upscale', await resolveModel('upscale', path.join(data, GENERAL)));
    const source = { bytes: await readBytes(model.path), shape: interfaceOf(model.manifest) };
    const session = await findDevice('cpu').backend.open(source, { device: 'cpu', threads: 2 });
    const tools = (tileSize: number): TaskTools => ({
      model: () => Promise.resolve({ session, tileSize, deviation: 0, floats: 'fp32' }),
      infer: (each, feeds, into) => each.run(feeds, into),
      note: () => undefined,
      kept: undefined,
      unchanged: () => undefined,
      suspicious: false,
    });
    const planes = await piece(path.join(data, FLOWER));
    const run = async (tileSize: number): Promise<readonly Plane[]> => {
      const reply = await runTask(
        {
          task: 'rgb',
          model,
          planes,
          sampling: '444',
          location: 'left',
          matrix: 'bt709',
          source: { width: WIDTH, height: HEIGHT, codes: codeRange('limited', 8) },
          target: { width: 4 * WIDTH, height: 4 * HEIGHT, codes: codeRange('full', 16) },
          strength: 0,
        },
        tools(tileSize),
      );
      if (!('planes' in reply)) throw new Error('no planes');
      return reply.planes;
    };
    const [whole, tiled] = [await run(4096), await run(64)];
    for (const [i, plane] of whole.entries()) {
      const other = tiled[i]!;
      const most = Array.from(plane).reduce((peak, value, at) => Math.max(peak, Math.abs(value - other[at]!)), 0);
      expect(most / 65535).toBeLessThanOrEqual(1e-3);
      // A picture, not a plain area.
      expect(new Set(plane).size).toBeGreaterThan(1000);
    }
  },
);
