import type { Stage, StageDefinition } from '../core/stage.ts';
import type { Crew } from './crew.ts';
import { chromaAnchor, chromaAnchorOptions } from './chroma-anchor.ts';
import { chromaSmooth, chromaSmoothOptions } from './chroma-smooth.ts';
import { degrain, degrainOptions } from './degrain.ts';
import { dust, dustOptions } from './dust.ts';
import { deflicker, deflickerOptions } from './deflicker.ts';

export type { Crew } from './crew.ts';
export type { Job, ReplyTo } from './jobs.ts';
export { DoubtMeter } from './doubt-meter.ts';
export { ShotDetector } from './shot-detector.ts';

interface TemporalStage extends Omit<StageDefinition<unknown, void>, 'create'> {
  create(options: unknown, crew?: Crew): Stage;
}

/** Stages that look at neighboring frames. Without a crew they do everything in the calling thread. */
export const temporalStages: readonly TemporalStage[] = [
  {
    kind: 'deflicker',
    summary: 'Evens out brightness that pumps from frame to frame.',
    schema: deflickerOptions,
    create: (options) => deflicker(deflickerOptions.parse(options)),
  },
  {
    kind: 'dust',
    summary: 'Takes away dust, dirt and hairs that are in one frame only.',
    schema: dustOptions,
    create: (options, crew) => dust(dustOptions.parse(options), crew),
  },
  {
    kind: 'degrain',
    summary: 'Averages grain and noise away along motion, and keeps what is there in all frames.',
    schema: degrainOptions,
    create: (options, crew) => degrain(degrainOptions.parse(options), crew),
  },
  {
    kind: 'chroma-anchor',
    summary: 'Keeps predicted color from drifting inside a shot.',
    schema: chromaAnchorOptions,
    create: (options, crew) => chromaAnchor(chromaAnchorOptions.parse(options), crew),
  },
  {
    kind: 'chroma-smooth',
    summary: 'Steadies predicted color along motion, inside each shot.',
    schema: chromaSmoothOptions,
    create: (options, crew) => chromaSmooth(chromaSmoothOptions.parse(options), crew),
  },
];
