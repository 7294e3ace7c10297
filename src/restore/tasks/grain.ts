import type { Plane } from '../../core/frame.ts';
import type { PlaneCoding } from '../pixels/codes.ts';
import { addGrain } from '../pixels/film-grain.ts';

/** Luma with fresh grain. */
export interface GrainRequest {
  readonly task: 'grain';
  readonly plane: Plane;
  readonly source: PlaneCoding;
  readonly strength: number;
  /** The frame's place in the film, which decides the pattern. */
  readonly index: number;
}

export interface GrainReply {
  readonly plane: Plane;
}

export function runGrain({ plane, source, strength, index }: GrainRequest): GrainReply {
  addGrain(plane, source, source.codes, strength, index);
  return { plane };
}
