// What worker threads do for the stages of this folder. The stages describe it with data, so that any thread can do it.
import { searched, type ChromaMotionJob } from './chroma-motion-job.ts';
import { colorStep, type ChromaStepJob, type ColorStep } from './chroma-step-job.ts';
import { steadied, type ChromaVoteJob, type SteadyColor } from './chroma-vote-job.ts';
import { averaged, type DegrainJob } from './degrain-job.ts';
import { cleaned, type DustJob } from './dust-job.ts';
import type { Plane } from '../core/frame.ts';

/** Makes new planes. */
export type PictureJob = DustJob | DegrainJob;
export type Job = PictureJob | ChromaStepJob | ChromaMotionJob | ChromaVoteJob;

interface Replies {
  /** New planes; undefined: as they were. */
  readonly dust: readonly Plane[] | undefined;
  readonly degrain: readonly Plane[];
  /** Undefined: too little was found again. */
  readonly 'chroma-step': ColorStep | undefined;
  readonly 'chroma-motion': readonly Float32Array[];
  readonly 'chroma-vote': SteadyColor;
}
export type ReplyTo<J extends Job> = Replies[J['job']];

/** Does the work of one job, in the calling thread. */
export function runJob<J extends Job>(job: J): ReplyTo<J>;
export function runJob(job: Job): Replies[keyof Replies] {
  switch (job.job) {
    case 'dust':
      return cleaned(job);
    case 'degrain':
      return averaged(job);
    case 'chroma-step':
      return colorStep(job);
    case 'chroma-motion':
      return searched(job);
    case 'chroma-vote':
      return steadied(job);
  }
}
