import { fixed, verdict, type Section } from '../../common/report.ts';
import { dataPath } from '../../common/data.ts';
import { applyRecipe, readRecipe, type Recipe } from '../degrade.ts';
import { bicubic, enlargers, REAL_MODEL, type Enlarger } from '../enlargers.ts';
import { readFolder } from '../images.ts';
import { lumaOfRgb, psnr, ssim } from '../metrics/luma.ts';
import { bestNlmeans, describeSetting, nlmeans } from '../nlmeans.ts';
import type { Part, PartTools } from '../part.ts';
import { cropToMultiple, mean, type Channel, type RgbPicture } from '../picture.ts';

/** dB over the better of bicubic and nlmeans + bicubic, at the recipe's own scale. */
const [MUST, AIM] = [1, 2];

async function rowsOf(
  tools: PartTools,
  scale: number,
  recipe: Recipe,
  clean: readonly RgbPicture[],
): Promise<string[][]> {
  const { progress } = tools;
  progress(`degrading Set14 for x${scale}`);
  const truths = clean.map((picture) => lumaOfRgb(cropToMultiple(picture, scale)));
  const low: RgbPicture[] = [];
  for (const [index, picture] of clean.entries()) {
    low.push(await applyRecipe(cropToMultiple(picture, scale), index, { ...recipe, scale }));
  }
  const worn = low.map(lumaOfRgb);
  const truth = (index: number): Channel => truths[index] ?? { width: 0, height: 0, data: new Uint8Array() };
  const enlarged = (one: Channel): Channel => bicubic(one, scale);

  const rows: string[][] = [];
  let classic = -Infinity;
  const add = (name: string, results: readonly Channel[], kind: 'classic' | Enlarger['kind']): void => {
    const judged = kind === 'old' && scale === recipe.scale;
    const value = mean(results.map((result, index) => psnr(result, truth(index), scale)));
    if (kind === 'classic') classic = Math.max(classic, value);
    const over = value - classic;
    rows.push([
      `x${scale} ${name}`,
      fixed(value, 2),
      fixed(mean(results.map((result, index) => ssim(result, truth(index), scale))), 4),
      kind === 'classic' ? '' : fixed(over, 2),
      judged ? fixed(MUST, 1) : '',
      judged ? fixed(AIM, 1) : '',
      judged ? verdict(over, MUST, AIM) : '',
    ]);
  };
  add('bicubic', worn.map(enlarged), 'classic');
  progress('nlmeans, searching its best setting');
  const best = await bestNlmeans(worn, (result, index) => psnr(enlarged(result), truth(index), scale));
  const cleaned: Channel[] = [];
  for (const input of worn) cleaned.push(enlarged(await nlmeans(input, best.setting)));
  add(`FFmpeg ${describeSetting(best.setting)}, then bicubic`, cleaned, 'classic');

  for (const { name, kind, enlarge } of await enlargers(tools, scale, recipe.strength)) {
    progress(name);
    const results: Channel[] = [];
    for (const input of low) results.push(await enlarge(input));
    add(name, results, kind);
  }
  return rows;
}

async function run(tools: PartTools): Promise<Section> {
  const recipe = await readRecipe();
  const section = {
    id: 'quality-old-footage',
    title: 'Old footage: Set14 degraded by bench/quality/recipe.json',
    columns: ['scale and method', 'PSNR-Y', 'SSIM', 'over the best classic', 'must', 'aim', ''],
  };
  const folder = dataPath('eval', 'Set14');
  if (folder === undefined) return { ...section, rows: [], notes: ['Skipped: eval/Set14 is not in the data folder.'] };
  const clean = (await readFolder(folder)).map(({ picture }) => picture);
  const rows: string[][] = [];
  for (const scale of [2, 4]) rows.push(...(await rowsOf(tools, scale, recipe, clean)));
  return {
    ...section,
    rows,
    notes: [
      `Blur of sigma ${recipe.blurSigma}, bicubic reduction, grain of sigma ${recipe.grainSigma255}/255, JPEG quality ${recipe.jpegQuality}; borders of \`scale\` pixels left out; nlmeans at the best setting found on these very pictures.`,
      `The recipe reduces to a half; at x4 it is the same with a reduction to a quarter. ${REAL_MODEL} is made for the eye and pays for it here.`,
    ],
  };
}

export const oldFootage: Part = { name: 'old', summary: 'old-footage super-resolution on degraded Set14', run };
