import { z } from 'zod';
import type { Stage } from '../core/stage.ts';
import { alone, type Crew } from './crew.ts';
import { comparingStage } from './compare.ts';

export const dustOptions = z.strictObject({
  strength: z.number().min(0).max(1).default(0.5).describe('0 leaves everything, 1 takes faint specks too'),
});
export type DustOptions = z.infer<typeof dustOptions>;

/**
 * Two other pictures: one on each side, or both on one at the ends of a shot. In silent film that is carried in 24 frames a second
 * some are shown twice, so that at an end the second one may be three frames away.
 */
const RADIUS = 3;
const PICTURES = 2;

/**
 * Takes away dust, dirt and hairs: what is in one picture only, small, and surrounded by what all three pictures have. It is
 * replaced by the mean of the neighbors along motion. Scratches that stay where they are over several frames are not found.
 */
export const dust = ({ strength }: DustOptions, crew: Crew = alone): Stage =>
  comparingStage({
    kind: 'dust',
    radius: strength === 0 ? 0 : RADIUS,
    most: PICTURES,
    least: PICTURES,
    crew,
    outputFormat: (input) => input,
    job: (surrounded) => ({ job: 'dust', ...surrounded, strength }),
  });
