import type { StageDefinition } from '../core/stage.ts';
import { chromaAnchor, chromaAnchorOptions } from './chroma-anchor.ts';
import { chromaSmooth, chromaSmoothOptions } from './chroma-smooth.ts';
import { dust, dustOptions } from './dust.ts';
import { deflicker, deflickerOptions } from './deflicker.ts';

export { DoubtMeter } from './doubt-meter.ts';
export { ShotDetector } from './shot-detector.ts';

/** Stages that look at neighboring frames. They need nothing from their surroundings. */
export const temporalStages: readonly StageDefinition<unknown, void>[] = [
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
    create: (options) => dust(dustOptions.parse(options)),
  },
  {
    kind: 'chroma-anchor',
    summary: 'Keeps predicted color from drifting inside a shot.',
    schema: chromaAnchorOptions,
    create: (options) => chromaAnchor(chromaAnchorOptions.parse(options)),
  },
  {
    kind: 'chroma-smooth',
    summary: 'Steadies predicted color along motion, inside each shot.',
    schema: chromaSmoothOptions,
    create: (options) => chromaSmooth(chromaSmoothOptions.parse(options)),
  },
];
