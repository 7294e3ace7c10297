import { z } from 'zod';
import { deepened } from '../core/format.ts';
import type { Stage } from '../core/stage.ts';
import { alone, type Crew } from './crew.ts';
import { comparingStage } from './compare.ts';

export const degrainOptions = z.strictObject({
  strength: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('0 leaves everything, 1 averages where neighbors differ a little'),
});
export type DegrainOptions = z.infer<typeof degrainOptions>;

/** Other pictures on each side: five leave 45 % of the grain's sigma where nothing covers anything. */
const PICTURES = 2;
/** Frames that they are looked for in: also where each picture is shown twice, what is left then does not pump with that. */
const RADIUS = 2 * PICTURES;

/**
 * Averages grain and noise away over time: each sample with what lies along its motion in the frames around it, as far as
 * those show the same within the noise, which is measured by tone. Detail that is there in all of them stays, unlike where
 * one picture alone is cleaned; what moves in a way that is not found keeps its grain. 8-bit sources come out with 10 bits.
 */
export const degrain = ({ strength }: DegrainOptions, crew: Crew = alone): Stage =>
  comparingStage({
    kind: 'degrain',
    radius: strength === 0 ? 0 : RADIUS,
    most: PICTURES,
    // A copy of a picture has its very grain.
    least: 0,
    crew,
    outputFormat: deepened,
    job: (surrounded) => ({ job: 'degrain', ...surrounded, strength }),
  });
