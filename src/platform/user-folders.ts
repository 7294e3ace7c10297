import { homedir } from 'node:os';
import { isAbsolute, posix, win32 } from 'node:path';

const OURS = 'film-restore';

/**
 * The folder for what can be had again, by each system's custom: XDG_CACHE_HOME or ~/.cache, ~/Library/Caches on macOS,
 * %LOCALAPPDATA% on Windows. Not created.
 */
export function cacheFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  if (platform === 'win32') {
    const local = env['LOCALAPPDATA'];
    const base = local === undefined || local === '' ? win32.join(home, 'AppData', 'Local') : local;
    return win32.join(base, OURS, 'Cache');
  }
  const xdg = env['XDG_CACHE_HOME'];
  // The XDG specification has relative paths ignored.
  if (xdg !== undefined && isAbsolute(xdg)) return posix.join(xdg, OURS);
  return platform === 'darwin' ? posix.join(home, 'Library', 'Caches', OURS) : posix.join(home, '.cache', OURS);
}
