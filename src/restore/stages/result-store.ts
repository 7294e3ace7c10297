/**
 * Where the results of one network are kept, frame by frame; another network, source or option is another store. Never
 * rejects: what cannot be read is not there, and what cannot be written is not kept.
 */
export interface ResultStore {
  /** Tells results of this store from any other's. */
  readonly key: string;
  load(index: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  save(index: number, bytes: Uint8Array): Promise<void>;
  /** What was loaded is damaged. */
  drop(index: number): Promise<void>;
}
