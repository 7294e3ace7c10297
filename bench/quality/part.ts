import type { Section } from '../common/report.ts';
import type { Shipped } from './shipped.ts';

/** What a part of the quality run gets. */
export interface PartTools {
  readonly shipped: Shipped;
  /** Says on stderr what is being measured. */
  readonly progress: (text: string) => void;
}

/** One table of the quality run. */
export interface Part {
  readonly name: string;
  readonly summary: string;
  run(tools: PartTools): Promise<Section>;
}
