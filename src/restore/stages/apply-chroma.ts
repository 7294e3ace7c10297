import { z } from 'zod';
import { RestorationError } from '../../core/errors.ts';
import type { FrameFormat } from '../../core/format.ts';
import { areaOf, codingOf, jobFor, rectSchema } from './environment.ts';
import { defineStage } from './define.ts';
import { mapPictures, replaced } from './map-frames.ts';

const schema = z.strictObject({
  /** Where the picture is between black bars that were not cut off; the bars stay neutral. */
  area: rectSchema.optional(),
});

const colored = (sampling: FrameFormat['pixelFormat']['sampling']): '420' | '422' | '444' =>
  sampling === 'gray' ? '420' : sampling;

export const applyChroma = defineStage({
  kind: 'apply-chroma',
  summary: 'Brings predicted color to the chroma planes, kept inside the edges of luma; luma stays as it is.',
  schema,
  create: (options, { engine }) => {
    const outputFormat = (input: FrameFormat): FrameFormat => ({
      ...input,
      pixelFormat: { ...input.pixelFormat, sampling: colored(input.pixelFormat.sampling) },
    });
    return {
      outputFormat,
      run: (frames, context) =>
        mapPictures(frames, () => engine.pixelLookAhead, {
          inputs: ({ planes, chromaGrid }) => [planes[0], chromaGrid],
          compute: async (frame) => {
            const [luma] = frame.planes;
            const { chromaGrid } = frame;
            if (!luma || !chromaGrid) {
              throw new RestorationError('INTERNAL', `Frame ${frame.index} brings no predicted color to apply.`, {
                hint: 'In a preset, apply-chroma comes after colorize.',
              });
            }
            const { width, height, cb, cr } = chromaGrid;
            return engine.run(
              () =>
                ({
                  task: 'apply-chroma',
                  plane: luma.slice(),
                  source: codingOf(frame.format),
                  grid: { width, height, cb: cb.slice(), cr: cr.slice() },
                  sampling: colored(frame.format.pixelFormat.sampling),
                  location: frame.format.chromaLocation,
                  matrix: frame.format.color.matrix,
                  area: areaOf(frame.format, options.area),
                }) as const,
              jobFor(frame, context),
            );
          },
          finish: (frame, { cb, cr }) =>
            replaced(frame, {
              format: outputFormat(frame.format),
              planes: [...frame.planes.slice(0, 1), cb, cr],
              dispose: () => frame.dispose(),
            }),
        }),
    };
  },
});
