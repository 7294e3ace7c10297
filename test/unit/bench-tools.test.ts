import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { REPOSITORY } from '../../bench/common/data.ts';
import { renderTable, replaceSection, verdict, verdictBelow } from '../../bench/common/report.ts';
import { addNoise, applyRecipe, grainField, readRecipe } from '../../bench/quality/degrade.ts';
import { grayOf, ColorJudge } from '../../bench/quality/judge-color.ts';
import { mean, type RgbPicture } from '../../bench/quality/picture.ts';
import { colorFrame, rgbOfFrame } from '../../bench/quality/shipped.ts';
import { ZipArchive } from '../../bench/quality/zip.ts';

const colors: RgbPicture = {
  width: 32,
  height: 24,
  data: Uint8Array.from({ length: 32 * 24 * 3 }, (_, i) => (i * 37 + Math.floor(i / 96) * 11) % 256),
};

/** A zip archive of a stored and a deflated file, put together by hand. */
function makeZip(files: readonly { name: string; content: Buffer; method: 0 | 8 }[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, content, method } of files) {
    const packed = method === 0 ? content : deflateRawSync(content);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    // An extra field in the local header only, as common tools write it.
    common.writeUInt16LE(4, 24);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), Buffer.alloc(4), packed]);
    common.writeUInt16LE(0, 24);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(at, 10);
    directory.push(Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), common, rest, Buffer.from(name));
    parts.push(local);
    at += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, central, end]);
}

test('reads stored and deflated files of a zip archive', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-zip-'));
  try {
    const file = path.join(folder, 'pack.zip');
    const text = Buffer.from('film '.repeat(100));
    await writeFile(
      file,
      makeZip([
        { name: 'b.txt', content: Buffer.from('stored'), method: 0 },
        { name: 'a/long.txt', content: text, method: 8 },
      ]),
    );
    const archive = await ZipArchive.open(file);
    expect(archive.names()).toEqual(['a/long.txt', 'b.txt']);
    expect((await archive.file('b.txt')).toString()).toBe('stored');
    expect(await archive.file('a/long.txt')).toEqual(text);
    await expect(archive.file('c')).rejects.toThrow('holds no c');
    await archive.close();
    await writeFile(file, 'no archive at all');
    await expect(ZipArchive.open(file)).rejects.toThrow('not a zip archive');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a section is added once, replaced later, and leaves the others alone', () => {
  const one = replaceSection('# Results\n', 'a', 'first');
  const two = replaceSection(one, 'b', 'other');
  const three = replaceSection(two, 'a', 'second');
  expect(three).toBe(two.replace('first', 'second'));
  expect(three).toContain('other');
  expect(renderTable(['name', 'dB'], [['bicubic', '28.42']])).toBe(
    ['| name    |    dB |', '| ------- | ----: |', '| bicubic | 28.42 |'].join('\n'),
  );
  expect([verdict(1, 1, 2), verdict(2, 1, 2), verdict(0.9, 1, 2)]).toEqual(['met', 'aim reached', 'missed']);
  expect([verdictBelow(0.9, 0.92, 0.8), verdictBelow(0.95, 0.92, 0.8)]).toEqual(['met', 'missed']);
});

test('the recipe is the one that networks are trained with', async () => {
  const trained: unknown = JSON.parse(await readFile(path.join(REPOSITORY, 'training/degrade/recipe.json'), 'utf8'));
  expect(await readRecipe()).toEqual(trained);
});

test('degradation is decided by its seed', async () => {
  const recipe = await readRecipe();
  const once = await applyRecipe(colors, 3, recipe);
  expect([once.width, once.height]).toEqual([16, 12]);
  expect(await applyRecipe(colors, 3, recipe)).toEqual(once);
  expect((await applyRecipe(colors, 4, recipe)).data).not.toEqual(once.data);
  const field = grainField(64, 64, 0.6, 5);
  expect(mean(Float64Array.from(field, (v) => v * v))).toBeCloseTo(1, 1);
  const flat = { width: 64, height: 64, data: new Uint8Array(64 * 64).fill(128) };
  const noisy = addNoise(flat, 25, 1);
  expect(Math.sqrt(mean(Float64Array.from(noisy.data, (v) => (v - 128) ** 2)))).toBeCloseTo(25, 0);
});

test('a picture survives the way into a frame and back', () => {
  const smooth: RgbPicture = { ...colors, data: Uint8Array.from(colors.data, (_, i) => 40 + (i % 3) * 60) };
  const back = rgbOfFrame(colorFrame(smooth));
  smooth.data.forEach((value, i) => expect(Math.abs((back.data[i] ?? 0) - value)).toBeLessThanOrEqual(2));
});

test('the true coloring is judged perfect and a gray one as gray', () => {
  const judge = new ColorJudge([colors]);
  const perfect = judge.judge([colors]);
  expect(perfect.ratio).toBe(0);
  expect(perfect.histogram).toBeCloseTo(1, 12);
  const gray = judge.judge([grayOf(colors)]);
  expect(gray.ratio).toBeCloseTo(1, 12);
  expect(gray.correlation).toBe(0);
  expect(gray.colorfulness).toBe(0);
});
