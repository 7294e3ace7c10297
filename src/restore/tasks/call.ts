import { pathToFileURL } from 'node:url';

/** Work that a caller brings along: the module's `runJob` gets the job, and its result is the reply. */
export interface CallRequest {
  readonly task: 'call';
  /** Path of a compiled module. */
  readonly module: string;
  readonly job: object;
}

export interface CallReply {
  readonly result: unknown;
}

export async function runCall({ module, job }: CallRequest): Promise<CallReply> {
  const { runJob } = (await import(pathToFileURL(module).href)) as { readonly runJob: (job: object) => unknown };
  return { result: runJob(job) };
}
