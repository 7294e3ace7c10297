import { fixed, verdict, type Section } from '../../common/report.ts';
import { dataPath } from '../../common/data.ts';
import { listModels } from '../../../src/restore/index.ts';
import { applyRecipe, readRecipe } from '../degrade.ts';
import { readFolder } from '../images.ts';
import { imresize } from '../metrics/imresize.ts';
import { lumaOfRgb, psnr, ssim } from '../metrics/luma.ts';
import { bestNlmeans, describeSetting, nlmeans } from '../nlmeans.ts';
import type { Part, PartTools } from '../part.ts';
import { cropToMultiple, mean, toByte, type Channel } from '../picture.ts';
import { grayFrame, lumaOfFrame } from '../shipped.ts';

/** dB over the better of bicubic and nlmeans + bicubic. */
const [MUST, AIM] = [1, 2];

const rounded = ({ width, height, data }: Channel): Channel => ({ width, height, data: Uint8Array.from(data, toByte) });

async function run({ shipped, progress }: PartTools): Promise<Section> {
  const recipe = await readRecipe();
  const { scale, strength } = recipe;
  const section = {
    id: 'quality-old-footage',
    title: `Old footage: Set14 degraded by bench/quality/recipe.json, enlarged x${scale}`,
    columns: ['method', 'PSNR-Y', 'SSIM', 'over the best classic', 'must', 'aim', ''],
  };
  const folder = dataPath('eval', 'Set14');
  if (folder === undefined) return { ...section, rows: [], notes: ['Skipped: eval/Set14 is not in the data folder.'] };
  progress('degrading Set14');
  const clean = (await readFolder(folder)).map(({ picture }) => cropToMultiple(picture, scale));
  const truths = clean.map(lumaOfRgb);
  const worn: Channel[] = [];
  for (const [index, picture] of clean.entries()) worn.push(lumaOfRgb(await applyRecipe(picture, index, recipe)));
  const truth = (index: number): Channel => truths[index] ?? { width: 0, height: 0, data: new Uint8Array() };
  const enlarged = (low: Channel): Channel => rounded(imresize(low, low.width * scale, low.height * scale));

  const rows: string[][] = [];
  let classic = -Infinity;
  const add = (name: string, results: readonly Channel[], kind: 'classic' | 'other' | 'judged'): void => {
    const judged = kind === 'judged';
    const value = mean(results.map((result, index) => psnr(result, truth(index), scale)));
    if (kind === 'classic') classic = Math.max(classic, value);
    const over = value - classic;
    rows.push([
      name,
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

  const models = (await listModels()).filter((model) => model.kind === 'upscale' && model.scale === scale);
  for (const { id, clean: forClean } of models.sort((a, b) => Number(b.clean) - Number(a.clean))) {
    progress(id);
    const results: Channel[] = [];
    for (const input of worn) {
      const size = { width: input.width * scale, height: input.height * scale };
      const stage = await shipped.stage('upscale', { ...size, strength }, id);
      results.push(lumaOfFrame(await shipped.one(grayFrame(input), [stage])));
    }
    add(forClean ? `${id} (for clean footage)` : `${id} at ${strength}`, results, forClean ? 'other' : 'judged');
  }
  return {
    ...section,
    rows,
    notes: [
      `Blur of sigma ${recipe.blurSigma}, bicubic reduction, grain of sigma ${recipe.grainSigma255}/255, JPEG quality ${recipe.jpegQuality}; borders of ${scale} pixels left out; nlmeans at the best setting found on these very pictures.`,
    ],
  };
}

export const oldFootage: Part = { name: 'old', summary: 'old-footage super-resolution on degraded Set14', run };
