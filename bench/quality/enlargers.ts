import path from 'node:path';
import { dataPath } from '../common/data.ts';
import type { Frame } from '../../src/core/frame.ts';
import { listModels } from '../../src/restore/index.ts';
import { imresize } from './metrics/imresize.ts';
import { lumaOfRgb } from './metrics/luma.ts';
import type { PartTools } from './part.ts';
import { toByte, type Channel, type RgbPicture } from './picture.ts';
import { colorFrame, grayFrame, lumaOfFrame } from './shipped.ts';

export const REAL_MODEL = 'realesr-general-x4v3';

export interface Enlarger {
  readonly name: string;
  /** What the network is for; `real`: not ours. */
  readonly kind: 'clean' | 'old' | 'real';
  readonly enlarge: (low: RgbPicture) => Promise<Channel>;
}

/** Bicubic, in whole codes. */
export function bicubic(one: Channel, scale: number): Channel {
  const { width, height, data } = imresize(one, one.width * scale, one.height * scale);
  return { width, height, data: Uint8Array.from(data, toByte) };
}

/** All networks of a scale through the stage that ships, at one strength: ours for clean footage first, then for old, then the real one. */
export async function enlargers({ shipped }: PartTools, scale: number, strength: number): Promise<Enlarger[]> {
  const through =
    (model: string, frame: (low: RgbPicture) => Frame): Enlarger['enlarge'] =>
    async (low) => {
      const size = { width: low.width * scale, height: low.height * scale };
      const stage = await shipped.stage('upscale', { ...size, strength }, model);
      return lumaOfFrame(await shipped.one(frame(low), [stage]));
    };
  const models = (await listModels()).filter((model) => model.kind === 'upscale' && model.scale === scale);
  const ours = models
    .sort((a, b) => Number(b.clean) - Number(a.clean))
    .map(({ id, clean }): Enlarger => {
      const name = clean ? `${id} (for clean footage)` : `${id} at ${strength}`;
      return { name, kind: clean ? 'clean' : 'old', enlarge: through(id, (low) => grayFrame(lumaOfRgb(low))) };
    });
  const folder = dataPath('models');
  if (scale !== 4 || folder === undefined) return ours;
  const enlarge = through(path.join(folder, `${REAL_MODEL}.onnx`), colorFrame);
  return [...ours, { name: `${REAL_MODEL} (not ours)`, kind: 'real', enlarge }];
}
