import type { z } from 'zod';
import type { Stage, StageDefinition } from '../../core/stage.ts';
import type { RestoreEnvironment } from './environment.ts';

interface StageParts<Schema extends z.ZodType> {
  readonly kind: string;
  readonly summary: string;
  readonly schema: Schema;
  readonly create: (
    options: z.infer<Schema>,
    environment: RestoreEnvironment,
  ) => Omit<Stage, 'kind' | 'temporalRadius'>;
}

/** A spatial stage. `create` takes options as a plan holds them: what is left out gets its default. */
export function defineStage<Schema extends z.ZodType>(
  parts: StageParts<Schema>,
): StageDefinition<unknown, RestoreEnvironment> {
  const { kind, summary, schema } = parts;
  return {
    kind,
    summary,
    schema,
    create: (options, environment) => ({
      kind,
      temporalRadius: 0,
      ...parts.create(schema.parse(options), environment),
    }),
  };
}
