import { fixed, verdict, type Section } from '../../common/report.ts';
import { dataPath } from '../../common/data.ts';
import { listModels } from '../../../src/restore/index.ts';
import { addNoise } from '../degrade.ts';
import { readFolder } from '../images.ts';
import { lumaOfRgb, psnr, ssim } from '../metrics/luma.ts';
import { bestNlmeans, describeSetting, nlmeans } from '../nlmeans.ts';
import type { Part, PartTools } from '../part.ts';
import { mean, type Channel } from '../picture.ts';
import { grayFrame, lumaOfFrame } from '../shipped.ts';

const SIGMA = 25;
const SEED = 2000;
/** `--denoise` of 1 stands for a sigma of 50. */
const STRENGTH = SIGMA / 50;
/** dB over the best nlmeans. */
const [MUST, AIM] = [1, 2];

async function run({ shipped, progress }: PartTools): Promise<Section> {
  const section = {
    id: 'quality-denoise',
    title: `Denoising: Set14 luma, white noise of sigma ${SIGMA}`,
    columns: ['method', 'PSNR', 'SSIM', 'over nlmeans', 'must', ''],
  };
  const folder = dataPath('eval', 'Set14');
  if (folder === undefined) return { ...section, rows: [], notes: ['Skipped: eval/Set14 is not in the data folder.'] };
  const clean = (await readFolder(folder)).map(({ picture }) => lumaOfRgb(picture));
  const noisy = clean.map((luma, index) => addNoise(luma, SIGMA, SEED + index));
  const against = (index: number): Channel => clean[index] ?? { width: 0, height: 0, data: new Uint8Array() };
  const figures = (results: readonly Channel[]): { psnr: number; ssim: number } => ({
    psnr: mean(results.map((result, index) => psnr(result, against(index)))),
    ssim: mean(results.map((result, index) => ssim(result, against(index)))),
  });

  progress('nlmeans, searching its best setting');
  const best = await bestNlmeans(noisy, (result, index) => psnr(result, against(index)));
  const classic: Channel[] = [];
  for (const input of noisy) classic.push(await nlmeans(input, best.setting));
  const rows: string[][] = [];
  const add = (name: string, results: readonly Channel[], judged: boolean): void => {
    const found = figures(results);
    const over = found.psnr - best.score;
    rows.push([
      name,
      fixed(found.psnr, 2),
      fixed(found.ssim, 4),
      judged ? fixed(over, 2) : '',
      judged ? fixed(MUST, 1) : '',
      judged ? verdict(over, MUST, AIM) : '',
    ]);
  };
  add('noisy', noisy, false);
  add(`FFmpeg ${describeSetting(best.setting)}`, classic, false);
  for (const { id } of (await listModels()).filter(({ kind }) => kind === 'denoise')) {
    progress(id);
    const stage = await shipped.stage('denoise', { strength: STRENGTH }, id);
    const results: Channel[] = [];
    for (const input of noisy) results.push(lumaOfFrame(await shipped.one(grayFrame(input), [stage])));
    add(`${id} at ${STRENGTH}`, results, true);
  }
  return {
    ...section,
    rows,
    notes: [
      `Noise is added to 8-bit luma codes and clamped to them, the same for all methods (seed ${SEED} + number of the picture); nlmeans is FFmpeg's at the best setting found on these very pictures.`,
    ],
  };
}

export const denoise: Part = { name: 'denoise', summary: 'white noise of sigma 25 on Set14 luma', run };
