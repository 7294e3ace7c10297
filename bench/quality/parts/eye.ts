import { fixed, type Section } from '../../common/report.ts';
import { dataPath } from '../../common/data.ts';
import { applyRecipe, readRecipe, type Recipe } from '../degrade.ts';
import { bicubic, enlargers, type Enlarger } from '../enlargers.ts';
import { readFolder } from '../images.ts';
import { difference, edgeWidth } from '../metrics/edges.ts';
import { lumaOfRgb, psnr } from '../metrics/luma.ts';
import type { Part, PartTools } from '../part.ts';
import { cropToMultiple, mean, type Channel, type RgbPicture } from '../picture.ts';

/** The second copy's grain: the number of the picture and this. */
const OTHER_GRAIN = 100;

const widthOf = (pictures: readonly Channel[]): string =>
  fixed(mean(pictures.map(edgeWidth).filter((width) => width !== undefined)), 2);

async function rowsOf(tools: PartTools, recipe: Recipe, pictures: readonly RgbPicture[]): Promise<string[][]> {
  const { scale } = recipe;
  const clean = pictures.map((picture) => cropToMultiple(picture, scale));
  const truths = clean.map(lumaOfRgb);
  const copies: (readonly [RgbPicture, RgbPicture])[] = [];
  for (const [index, picture] of clean.entries()) {
    copies.push([await applyRecipe(picture, index, recipe), await applyRecipe(picture, index + OTHER_GRAIN, recipe)]);
  }
  const networks = (await enlargers(tools, scale, recipe.strength)).filter(({ kind }) => kind !== 'clean');
  const classic: Pick<Enlarger, 'name' | 'enlarge'> = {
    name: 'bicubic',
    enlarge: (low) => Promise.resolve(bicubic(lumaOfRgb(low), scale)),
  };
  const rows: string[][] = [];
  for (const { name, enlarge } of [classic, ...networks]) {
    tools.progress(`x${scale} ${name}`);
    const results: Channel[] = [];
    const changes: number[] = [];
    for (const [one, other] of copies) {
      const result = await enlarge(one);
      results.push(result);
      changes.push(difference(result, await enlarge(other)));
    }
    const db = mean(results.map((result, index) => psnr(result, truths[index] ?? result, scale)));
    rows.push([`x${scale} ${name}`, widthOf(results), fixed(mean(changes), 2), fixed(db, 2)]);
  }
  return rows;
}

async function run(tools: PartTools): Promise<Section> {
  const section = {
    id: 'quality-eye',
    title: 'For the eye: how crisp and how steady old footage becomes',
    columns: ['scale and method', 'edge width', 'unsteadiness', 'PSNR-Y'],
  };
  const folder = dataPath('eval', 'Set14');
  if (folder === undefined) return { ...section, rows: [], notes: ['Skipped: eval/Set14 is not in the data folder.'] };
  const pictures = (await readFolder(folder)).map(({ picture }) => picture);
  const recipe = await readRecipe();
  const rows: string[][] = [];
  for (const scale of [2, 4]) rows.push(...(await rowsOf(tools, { ...recipe, scale }, pictures)));
  rows.push(['true picture', widthOf(pictures.map(lumaOfRgb)), '0.00', '']);
  return {
    ...section,
    rows,
    notes: [
      'Set14 by the recipe of the section on old footage.',
      'Edge width: samples that an upright edge takes (Marziliano et al., 2002); less is crisper, and noise makes edges too. Unsteadiness: mean difference, in 8-bit codes, between what becomes of two copies that differ in their grain alone, as frames of a film do; less is calmer.',
    ],
  };
}

export const eye: Part = { name: 'eye', summary: 'how crisp and steady old footage becomes', run };
