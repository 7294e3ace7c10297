import type { InferenceSession, TensorValue } from '../backends/backend.ts';
import type { ResolvedModel } from '../models/schema.ts';
import type { KeptPictures } from './kept.ts';

/** What a network computes with. */
export type FloatType = 'fp32' | 'fp16';

/** A model made ready in this thread. */
export interface OpenModel {
  readonly session: InferenceSession;
  /** Longest side of a tile's core, in input pixels; becomes smaller when memory does not suffice. */
  tileSize: number;
  readonly floats: FloatType;
  /** Largest difference to the reference on one tile, as a share of the output's range; 0 where it was not compared. */
  readonly deviation: number;
}

/** What the worker thread lends to a task. */
export interface TaskTools {
  /** Opens a model once a thread. */
  model(model: ResolvedModel): Promise<OpenModel>;
  /** Runs the network, counts its time, and says that the thread is alive. */
  infer(
    session: InferenceSession,
    feeds: Readonly<Record<string, TensorValue>>,
    into?: Readonly<Record<string, TensorValue>>,
  ): Promise<Record<string, TensorValue>>;
  /** Last pictures, for leaving out what has not changed; undefined to compute everything. */
  readonly kept: KeptPictures | undefined;
  /** Told once for each picture: the share (0..1) of it that was left out. */
  unchanged(share: number): void;
  /** Something that the user should know; said once. */
  note(message: string): void;
  /** Whether the device may give wrong results, so that they are looked at. */
  readonly suspicious: boolean;
}
