export type { ColorInfo } from './core/color.ts';
export { ERROR_CODES, EXIT_CODES, RestorationError, toRestorationError } from './core/errors.ts';
export type { ErrorCode } from './core/errors.ts';
export type { Estimate, RestoreEvent } from './core/events.ts';
export type { FrameFormat, PixelFormat } from './core/format.ts';
export type { Diagnosis, MediaInfo, MediaStream, VideoInfo } from './core/media.ts';
export type { Plan } from './core/plan.ts';
export type { Rational } from './core/rational.ts';
