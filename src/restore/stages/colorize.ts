import { z } from 'zod';
import { codingOf, colorizeModel, jobFor, areaOf, rectSchema } from './environment.ts';
import { defineStage } from './define.ts';
import type { ChromaGrid } from '../../core/frame.ts';
import { mapPictures, replaced } from './map-frames.ts';
import { storedGrid } from './stored.ts';

const schema = z.strictObject({
  /** Gain of the predicted color; default: the model's. 0 is gray. */
  saturation: z.number().min(0).max(4).optional(),
  /** Of the annealed mean: 1 is safe and grayish, toward 0 vivid; default: the model's. */
  temperature: z.number().positive().max(4).optional(),
  /** 0: the most plausible colors; other numbers: other plausible colors, the same each time. */
  seed: z.number().int().min(0).max(4294967295).default(0),
  /** Where the picture is between black bars that were not cut off. */
  area: rectSchema.optional(),
});

/** Below this nothing but the most likely color is left, and powers leave the range of floats. */
const SHARPEST = 0.05;

export const colorize = defineStage({
  kind: 'colorize',
  summary: 'Predicts color on a coarse grid; luma and chroma planes stay as they are.',
  schema,
  create: (options, environment) => {
    const { engine } = environment;
    const model = colorizeModel(environment.model);
    const { seed } = options;
    const saturation = (options.saturation ?? 1) * model.manifest.saturation;
    // Only chances of colors can be read out in more than one way.
    const own = model.manifest.adapter === 'chroma-bins' ? model.manifest.temperature : 1;
    const temperature = Math.max(SHARPEST, options.temperature ?? own);
    return {
      outputFormat: (input) => input,
      run: (frames, context) =>
        mapPictures(frames, () => engine.lookAhead, {
          inputs: ({ planes }) => planes.slice(0, 1),
          compute: async (frame) => {
            const [luma] = frame.planes;
            if (!luma) throw new RangeError(`Frame ${frame.index} has no planes`);
            const [source, area] = [codingOf(frame.format), areaOf(frame.format, options.area)];
            const make = (): Promise<ChromaGrid> =>
              engine.run(
                () =>
                  ({
                    task: 'colorize',
                    model,
                    plane: luma.slice(),
                    source,
                    area,
                    temperature,
                    saturation,
                    seed,
                  }) as const,
                jobFor(frame, context),
              );
            return storedGrid(frame, environment, context, make);
          },
          finish: (frame, chromaGrid) =>
            replaced(frame, {
              format: frame.format,
              planes: frame.planes,
              chromaGrid,
              dispose: () => frame.dispose(),
            }),
          repeated: () => engine.tally.repeated(),
        }),
    };
  },
});
