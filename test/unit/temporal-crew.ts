import type { Crew } from '../../src/temporal/crew.ts';
import { runJob, type Job } from '../../src/temporal/jobs.ts';

/** Does jobs out of order, as threads do: every other one comes late. `fail` is the number of one that fails. */
export function slowCrew(ahead: number, fail = -1): Crew & { most: number; running: number; count: number } {
  const crew = {
    ahead,
    most: 0,
    running: 0,
    count: 0,
    run: async <J extends Job>(job: J) => {
      const number = crew.count++;
      crew.most = Math.max(crew.most, ++crew.running);
      for (let turn = number % 2 === 0 ? 12 : 1; turn > 0; turn--) await new Promise(setImmediate);
      crew.running--;
      if (number === fail) throw new Error('the thread died');
      return runJob(job);
    },
  };
  return crew;
}
