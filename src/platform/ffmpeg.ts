import { createRequire } from 'node:module';
import { RestorationError } from '../core/errors.ts';
import { capture } from './process.ts';

/** The two programs and the version that decides between argument forms. */
export interface FfmpegTools {
  readonly ffmpeg: string;
  readonly ffprobe: string;
  /** Major and minor, e.g. [5, 1]; [99, 0] for development builds. */
  readonly version: readonly [number, number];
  /** First line of `ffmpeg -version`, part of a plan's identity. */
  readonly banner: string;
}

/** For ffprobe: JSON with tags as the file has them, which `capture` reads. It would put signs in place of what is no UTF-8. */
export const JSON_OUTPUT = ['-of', 'json=string_validation=ignore'] as const;

const INSTALL_HINT =
  'Install it with `apt-get install ffmpeg` (Debian, Ubuntu), `brew install ffmpeg` (macOS) or `winget install ffmpeg` (Windows), or set FFMPEG_PATH and FFPROBE_PATH.';

function installedStatic(): string | undefined {
  try {
    const path: unknown = createRequire(import.meta.url)('ffmpeg-static');
    return typeof path === 'string' ? path : undefined;
  } catch {
    return undefined;
  }
}

async function banner(command: string, name: string): Promise<string> {
  const result = await capture(command, ['-hide_banner', '-version'], { timeoutMs: 20_000 });
  if (result.code !== 0) {
    throw new RestorationError('FFMPEG_MISSING', `${name} was not found or does not run (tried ${command}).`, {
      hint: INSTALL_HINT,
    });
  }
  return result.stdout.split('\n', 1)[0]?.trim() ?? '';
}

let found: Promise<FfmpegTools> | undefined;

async function search(): Promise<FfmpegTools> {
  const ffmpeg = process.env['FFMPEG_PATH'] ?? installedStatic() ?? 'ffmpeg';
  const ffprobe = process.env['FFPROBE_PATH'] ?? 'ffprobe';
  const [line] = await Promise.all([banner(ffmpeg, 'ffmpeg'), banner(ffprobe, 'ffprobe')]);
  const match = /version n?(\d+)\.(\d+)/.exec(line);
  const version: [number, number] = match ? [Number(match[1]), Number(match[2])] : [99, 0];
  if (version[0] < 5 || (version[0] === 5 && version[1] < 1)) {
    throw new RestorationError('FFMPEG_TOO_OLD', `ffmpeg ${version.join('.')} is too old; 5.1 or newer is needed.`, {
      hint: INSTALL_HINT,
    });
  }
  return { ffmpeg, ffprobe, version, banner: line };
}

/**
 * FFMPEG_PATH and FFPROBE_PATH, then an installed ffmpeg-static, then PATH; looked up once a process.
 * Throws FFMPEG_MISSING or FFMPEG_TOO_OLD.
 */
export function findFfmpeg(): Promise<FfmpegTools> {
  found ??= search().catch((error: unknown) => {
    found = undefined;
    throw error;
  });
  return found;
}
