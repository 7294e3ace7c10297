import { spawn } from 'node:child_process';
import type { Channel } from './picture.ts';

/** FFmpeg's non-local means: strength, patch side, research window side. */
export interface NlmeansSetting {
  readonly s: number;
  readonly p: number;
  readonly r: number;
}

export const describeSetting = ({ s, p, r }: NlmeansSetting): string => `nlmeans=s=${s}:p=${p}:r=${r}`;

/** A channel of 8-bit codes through FFmpeg's nlmeans filter. */
export function nlmeans({ width, height, data }: Channel, setting: NlmeansSetting): Promise<Channel> {
  const raw = ['-f', 'rawvideo', '-pix_fmt', 'gray'];
  const args = [
    '-v',
    'error',
    ...raw,
    '-s',
    `${width}x${height}`,
    '-i',
    '-',
    '-vf',
    describeSetting(setting),
    ...raw,
    '-',
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.env['FFMPEG_PATH'] ?? 'ffmpeg', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      const result = Uint8Array.from(Buffer.concat(chunks));
      if (code === 0 && result.length === width * height) resolve({ width, height, data: result });
      else reject(new Error(`ffmpeg's nlmeans ended with code ${String(code)}.`));
    });
    child.stdin.on('error', reject);
    child.stdin.end(Uint8Array.from(data));
  });
}

const STRENGTHS = [1, 2, 3, 4, 6, 8, 10, 13, 16, 20, 25];
const PATCHES = [3, 5, 7, 9];
const WINDOWS = [9, 15, 21];

export interface BestSetting {
  readonly setting: NlmeansSetting;
  readonly score: number;
}

/**
 * The setting with the best mean score: strength first, at the filter's default patch and window, then patch, then window,
 * then the neighboring strengths again. `score` gets what nlmeans makes of input `index`.
 */
export async function bestNlmeans(
  inputs: readonly Channel[],
  score: (result: Channel, index: number) => number,
): Promise<BestSetting> {
  const tried = new Map<string, number>();
  let best: BestSetting = { setting: { s: 1, p: 7, r: 15 }, score: -Infinity };
  const attempt = async (setting: NlmeansSetting): Promise<void> => {
    const key = describeSetting(setting);
    if (tried.has(key)) return;
    let sum = 0;
    for (const [index, input] of inputs.entries()) sum += score(await nlmeans(input, setting), index);
    tried.set(key, sum / inputs.length);
    if (sum / inputs.length > best.score) best = { setting, score: sum / inputs.length };
  };
  for (const s of STRENGTHS) await attempt({ ...best.setting, s });
  for (const p of PATCHES) await attempt({ ...best.setting, p });
  for (const r of WINDOWS) await attempt({ ...best.setting, r });
  for (const factor of [0.7, 0.85, 1.2]) {
    await attempt({ ...best.setting, s: Math.max(1, Math.round(best.setting.s * factor * 10) / 10) });
  }
  return best;
}
