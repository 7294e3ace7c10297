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
