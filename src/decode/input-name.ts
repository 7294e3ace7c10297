/**
 * How a path is handed to ffmpeg and ffprobe. The `file:` protocol takes the rest as it is, so that a leading dash is no
 * option, `concat:` or `http:` no protocol, and quotes, newlines and percent signs mean nothing.
 */
export const inputUrl = (path: string): string => `file:${path}`;

/** Options before `-i`: a file that is really a playlist must not make ffmpeg open others over the network. */
export const INPUT_GUARD: readonly string[] = ['-protocol_whitelist', 'file'];
