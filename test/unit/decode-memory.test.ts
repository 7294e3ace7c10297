import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { decodeFrames, planDecode, probeMedia } from '../../src/decode/index.ts';
import { makeClip } from '../fixtures/media/clips.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Decodes a film and returns what tells whether its pictures are still there. */
async function picturesOf(file: string): Promise<WeakRef<ArrayBuffer>[]> {
  const plan = planDecode(await probeMedia(file), { deinterlace: 'auto', crop: undefined, bakeRotation: true });
  const left: WeakRef<ArrayBuffer>[] = [];
  for await (const frame of decodeFrames(plan, { signal: new AbortController().signal })) {
    left.push(...frame.planes.slice(0, 1).map(({ buffer }) => new WeakRef(buffer)));
    frame.dispose();
  }
  return left;
}

test('a film that was decoded leaves no pictures in memory to those of another size that come after it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'decode-memory-'));
  try {
    const pictures = await picturesOf(await makeClip('no-audio', folder));
    expect(pictures.length).toBeGreaterThan(2);
    // References live until the end of the turn in which they were looked at.
    await new Promise((resolve) => setTimeout(resolve, 50));
    collectGarbage();
    expect(pictures.filter((picture) => picture.deref() !== undefined)).toHaveLength(0);
  } finally {
    await rm(folder, { recursive: true });
  }
});
