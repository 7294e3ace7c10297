import type { StageContext } from '../core/stage.ts';
import { runJob, type Job, type ReplyTo } from './jobs.ts';

/** Who does the heavy work of stages that compare pictures: worker threads, or nobody but the caller. */
export interface Crew {
  /** Frames that may be in work at once. */
  readonly ahead: number;
  /**
   * Does a job. Pictures in it lie in shared memory, so that they are neither copied nor handed over. Jobs of earlier frames
   * (`order`) go first.
   */
  run<J extends Job>(
    job: J,
    order: number,
    context: Pick<StageContext, 'signal' | 'warn' | 'stage'>,
  ): Promise<ReplyTo<J>>;
}

/** Does everything at once, in the calling thread. */
export const alone: Crew = {
  ahead: 0,
  run: (job) => Promise.resolve(runJob(job)),
};
