/** Containers without a list of their streams: FFmpeg knows those only that begin within what it reads first. */
const UNLISTED = ['mpeg', 'mpegts'];

/**
 * Options before `-i`: of files that may hold streams which begin late (5 MB is what FFmpeg reads else), much more is read
 * first. Containers with a table of contents need none of it. `container` is FFmpeg's list of names.
 */
export const deepProbing = (container: string): readonly string[] =>
  container.split(',').some((name) => UNLISTED.includes(name))
    ? ['-probesize', '100M', '-analyzeduration', '100M']
    : [];

/** Kinds of files whose clock may jump, as FFmpeg has them. */
const JUMPING: readonly string[] = ['mpegts', 'mpeg', 'ogg', 'hls', 'dvr-ms', 'wtv'];

/**
 * Options before `-i` so that times are the file's own beside `-copyts`. Where such a file begins at exactly zero, FFmpeg takes
 * off the start of the first stream that is used, unless it was asked for an offset: sound and picture that are read one
 * after the other would come together. A microsecond is less than a tick of theirs.
 */
export const ownClock = (container: string): readonly string[] =>
  container.split(',').some((name) => JUMPING.includes(name)) ? ['-itsoffset', '0.000001'] : [];
