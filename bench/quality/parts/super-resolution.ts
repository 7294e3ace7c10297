import path from 'node:path';
import { fixed, verdict, type Section } from '../../common/report.ts';
import { dataPath } from '../../common/data.ts';
import { RestorationError } from '../../../src/core/errors.ts';
import type { Frame } from '../../../src/core/frame.ts';
import { listModels } from '../../../src/restore/index.ts';
import { readFolder, type NamedPicture } from '../images.ts';
import { imresizeRgb } from '../metrics/imresize.ts';
import { lumaOfRgb, psnr, ssim } from '../metrics/luma.ts';
import type { Part, PartTools } from '../part.ts';
import { cropToMultiple, mean, type Channel, type RgbPicture } from '../picture.ts';
import { colorFrame, fineGrayFrame, grayFrame, lumaOfFrame } from '../shipped.ts';

/** PSNR-Y on Set5 that a network must reach and should reach. */
const GOALS: Readonly<Record<string, readonly [must: number, aim: number]>> = {
  'luma-x2-fast': [37, 37.7],
  'luma-x4-fast': [30.9, 31.6],
  'luma-x2-quality': [37.4, 38.1],
  'luma-x4-quality': [31.3, 32.2],
};
const REAL_MODELS = ['realesr-animevideov3', 'realesr-general-x4v3'];

type Enlarge = (low: RgbPicture, width: number, height: number) => Promise<Channel>;

interface Method {
  readonly name: string;
  readonly scale: number;
  readonly enlarge: Enlarge;
  /** The same from luma of 8 bits, for networks that take luma. */
  readonly enlargeRounded?: Enlarge;
}

interface Figures {
  readonly psnr: number;
  readonly ssim: number;
}

async function measure(enlarge: Enlarge, scale: number, pictures: readonly NamedPicture[]): Promise<Figures> {
  const figures: Figures[] = [];
  for (const { picture } of pictures) {
    const high = cropToMultiple(picture, scale);
    const low = imresizeRgb(high, high.width / scale, high.height / scale);
    const [result, truth] = [await enlarge(low, high.width, high.height), lumaOfRgb(high)];
    figures.push({ psnr: psnr(result, truth, scale), ssim: ssim(result, truth, scale) });
  }
  return { psnr: mean(figures.map((one) => one.psnr)), ssim: mean(figures.map((one) => one.ssim)) };
}

const bicubic = (scale: number): Method => ({
  name: 'bicubic',
  scale,
  enlarge: (low, width, height) => Promise.resolve(lumaOfRgb(imresizeRgb(low, width, height))),
});

async function embedded({ shipped }: PartTools): Promise<Method[]> {
  const models = (await listModels()).filter((model) => model.kind === 'upscale' && model.clean);
  return models.map(({ id, scale }) => {
    const from =
      (frameOfLow: (low: RgbPicture) => Frame): Enlarge =>
      async (low, width, height) => {
        const stage = await shipped.stage('upscale', { width, height }, id);
        return lumaOfFrame(await shipped.one(frameOfLow(low), [stage]));
      };
    return {
      name: id,
      scale: scale ?? 1,
      enlarge: from(fineGrayFrame),
      enlargeRounded: from((low) => grayFrame(lumaOfRgb(low))),
    };
  });
}

function foreign({ shipped }: PartTools, folder: string): Method[] {
  return REAL_MODELS.map((name) => ({
    name: `${name} (not ours)`,
    scale: 4,
    enlarge: async (low, width, height) => {
      const stage = await shipped.stage('upscale', { width, height }, path.join(folder, `${name}.onnx`));
      return lumaOfFrame(await shipped.one(colorFrame(low), [stage]));
    },
  }));
}

async function run(tools: PartTools): Promise<Section> {
  const section = {
    id: 'quality-super-resolution',
    title: 'Super-resolution of clean pictures',
    columns: [
      'scale and method',
      'Set5 PSNR-Y',
      'Set5 SSIM',
      'Set14 PSNR-Y',
      'Set14 SSIM',
      'Set5, 8-bit input',
      'must',
      'aim',
      '',
    ],
  };
  const [set5, set14] = [dataPath('eval', 'Set5'), dataPath('eval', 'Set14')];
  if (set5 === undefined || set14 === undefined) {
    return { ...section, rows: [], notes: ['Skipped: eval/Set5 and eval/Set14 are not in the data folder.'] };
  }
  const real = dataPath('models');
  const methods = [
    bicubic(2),
    bicubic(4),
    ...(await embedded(tools)),
    ...(real === undefined ? [] : foreign(tools, real)),
  ];
  methods.sort((a, b) => a.scale - b.scale);
  const [five, fourteen] = [await readFolder(set5), await readFolder(set14)];
  const notes = [
    'Low resolution: antialiased bicubic of the 8-bit RGB picture, rounded. PSNR and SSIM on BT.601 luma of 16..235, rounded to 8 bits, borders of `scale` pixels left out.',
    'Networks work through the stage that ships: ours on luma of that low resolution in 16 bits (as papers feed it unrounded; the column "8-bit input" has it rounded, as 8-bit video has), the real-world models on 8-bit 4:4:4.',
    'Published on Set5: bicubic 33.66 / 28.42 dB, FSRCNN 37.00 / 30.72, EDSR-baseline 37.99 / 32.09.',
  ];
  const rows: string[][] = [];
  for (const method of methods) {
    tools.progress(`x${method.scale} ${method.name}`);
    let small: Figures;
    let large: Figures;
    let rounded: Figures | undefined;
    try {
      small = await measure(method.enlarge, method.scale, five);
      large = await measure(method.enlarge, method.scale, fourteen);
      if (method.enlargeRounded) rounded = await measure(method.enlargeRounded, method.scale, five);
    } catch (error) {
      // A model of somebody else's that cannot be run must not cost the figures of all others.
      if (!(error instanceof RestorationError)) throw error;
      notes.push(`${method.name} was skipped: ${error.message}`);
      continue;
    }
    const goal = GOALS[method.name];
    rows.push([
      `x${method.scale} ${method.name}`,
      fixed(small.psnr, 2),
      fixed(small.ssim, 4),
      fixed(large.psnr, 2),
      fixed(large.ssim, 4),
      fixed(rounded?.psnr, 2),
      fixed(goal?.[0], 1),
      fixed(goal?.[1], 1),
      goal ? verdict(small.psnr, ...goal) : '',
    ]);
  }
  if (real === undefined) notes.push('The real-world models are not in the data folder and were skipped.');
  return { ...section, rows, notes };
}

export const superResolution: Part = { name: 'sr', summary: 'clean super-resolution on Set5 and Set14', run };
