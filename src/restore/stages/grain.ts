import { z } from 'zod';
import { codingOf, jobFor } from './environment.ts';
import { defineStage } from './define.ts';
import { mapPictures, replaced } from './map-frames.ts';

const schema = z.strictObject({
  strength: z.number().min(0).max(1).default(0.3).describe('0 adds nothing, 1 is coarse film pushed hard'),
});

export const grain = defineStage({
  kind: 'grain',
  summary: 'Lays fresh film grain over the result.',
  schema,
  create: ({ strength }, { engine }) => ({
    outputFormat: (input) => input,
    run: (frames, context) =>
      strength === 0
        ? frames
        : mapPictures(frames, () => engine.pixelLookAhead, {
            // Frames that show the same picture have grain of their own.
            inputs: ({ index }) => [index],
            compute: async (frame) => {
              const plane = frame.planes[0] ?? new Uint8Array();
              const { index } = frame;
              const source = codingOf(frame.format);
              const request = () => ({ task: 'grain', plane: plane.slice(), source, strength, index }) as const;
              return engine.run(request, jobFor(frame, context));
            },
            finish: (frame, { plane }) =>
              replaced(frame, {
                format: frame.format,
                planes: [plane, ...frame.planes.slice(1)],
                chromaGrid: frame.chromaGrid,
                dispose: () => frame.dispose(),
              }),
          }),
  }),
});
