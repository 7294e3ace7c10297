/**
 * Draws docs/images/before-after.png from the project's own test film: `npx tsx docs/images/make.ts`.
 * Left the source, right the result of `restore test/fixtures/old-film.mp4 --colorize --upscale 4`, one row a shot.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import sharp from 'sharp';
import { restore } from '../../src/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const source = path.join(root, 'test/fixtures/old-film.mp4');
const SHOTS = [12, 38];
const CELL = { width: 576, height: 432 };

async function frame(film: string, index: number): Promise<Buffer> {
  const picture = ['-vf', `select=eq(n\\,${index})`, '-frames:v', '1', '-c:v', 'png', '-f', 'image2pipe', '-'];
  const { stdout } = await execa('ffmpeg', ['-v', 'error', '-i', film, ...picture], { encoding: 'buffer' });
  return sharp(stdout).resize(CELL.width, CELL.height, { kernel: 'lanczos3' }).png().toBuffer();
}

const folder = await mkdtemp(path.join(os.tmpdir(), 'before-after-'));
try {
  const output = path.join(folder, 'restored.mp4');
  for await (const event of restore({ input: source, output, colorize: true, upscale: 4 })) {
    if (event.type === 'warning') process.stderr.write(`${event.message}\n`);
  }
  const cells = await Promise.all(
    SHOTS.flatMap((index, row) =>
      [source, output].map(async (film, column) => ({
        input: await frame(film, index),
        left: column * CELL.width,
        top: row * CELL.height,
      })),
    ),
  );
  await sharp({
    create: { width: CELL.width * 2, height: CELL.height * SHOTS.length, channels: 3, background: 'black' },
  })
    .composite(cells)
    .png({ compressionLevel: 9 })
    .toFile(path.join(root, 'docs/images/before-after.png'));
} finally {
  await rm(folder, { recursive: true });
}
