import { z } from 'zod';
import { codingOf, jobFor } from './environment.ts';
import { defineStage } from './define.ts';
import { mapFrames, replaced } from './map-frames.ts';

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
        : mapFrames(
            frames,
            () => engine.pixelLookAhead,
            async (frame) => {
              try {
                const luma = frame.planes[0] ?? new Uint8Array();
                const { index } = frame;
                const source = codingOf(frame.format);
                // Other frames may show the same picture: each gets a copy of its own.
                const request = () => ({ task: 'grain', plane: luma.slice(), source, strength, index }) as const;
                const { plane } = await engine.run(request, jobFor(frame, context));
                return replaced(frame, {
                  format: frame.format,
                  planes: [plane, ...frame.planes.slice(1)],
                  chromaGrid: frame.chromaGrid,
                  dispose: () => frame.dispose(),
                });
              } catch (error) {
                frame.dispose();
                throw error;
              }
            },
          ),
  }),
});
