import type { Plane } from '../../core/frame.ts';
import type { PlaneCoding } from '../pixels/codes.ts';
import { removeLines } from '../pixels/line-removal.ts';
import { findLines } from '../pixels/lines.ts';

/** Luma freed from scratches. */
export interface ScratchesRequest {
  readonly task: 'scratches';
  readonly plane: Plane;
  readonly source: PlaneCoding;
  /** Mean evidence that a line must have, in sigmas. */
  readonly least: number;
}

export interface ScratchesReply {
  readonly plane: Plane;
  /** Scratches that were found; the plane is as it was where there are none. */
  readonly lines: number;
}

export function runScratches({ plane, source, least }: ScratchesRequest): ScratchesReply {
  const { width, height, codes } = source;
  const lines = findLines(plane, width, height, least, (codes.max + 1) / 256);
  removeLines(plane, width, height, lines, codes.max);
  return { plane, lines: lines.length };
}
