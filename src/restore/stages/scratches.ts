import { z } from 'zod';
import { codingOf, jobFor } from './environment.ts';
import { defineStage } from './define.ts';
import { mapPictures, replaced } from './map-frames.ts';

const schema = z.strictObject({
  strength: z.number().min(0).max(1).default(0.5).describe('0 leaves everything, 1 takes faint lines too'),
});

/** Mean evidence in sigmas at strength 0.5: lines of real pictures have less. */
const USUAL_EVIDENCE = 1.6;

export const scratches = defineStage({
  kind: 'scratches',
  summary: 'Takes away scratches: thin lines from top to bottom.',
  schema,
  create: ({ strength }, { engine }) => ({
    outputFormat: (input) => input,
    run: (frames, context) =>
      strength === 0
        ? frames
        : mapPictures(frames, () => engine.pixelLookAhead, {
            inputs: ({ planes }) => [planes[0]],
            compute: async (frame) => {
              const plane = frame.planes[0] ?? new Uint8Array();
              const source = codingOf(frame.format);
              const least = USUAL_EVIDENCE * (1.5 - strength);
              const request = () => ({ task: 'scratches', plane: plane.slice(), source, least }) as const;
              return engine.run(request, jobFor(frame, context));
            },
            finish: (frame, { plane, lines }) =>
              lines === 0
                ? frame
                : replaced(frame, {
                    format: frame.format,
                    planes: [plane, ...frame.planes.slice(1)],
                    chromaGrid: frame.chromaGrid,
                    dispose: () => frame.dispose(),
                  }),
          }),
  }),
});
