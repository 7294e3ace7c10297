// Entry of a worker thread: does jobs one after the other until it is told to close.
import { RestorationError, toRestorationError } from '../../core/errors.ts';
import { threadPort } from '../../platform/workers.ts';
import { allBackends, findDevice } from '../backends/index.ts';
import { runTask } from '../tasks/index.ts';
import { KeptPictures } from '../tasks/kept.ts';
import type { TaskTools } from '../tasks/task.ts';
import { isOutOfMemory } from '../tiling/run.ts';
import { buffersOf, type FromWorker, type ToWorker, type WorkerData } from './protocol.ts';
import { Sessions } from './sessions.ts';

const port = threadPort();
const data = port.data as WorkerData;

const ready = allBackends(data.backendModules).then((all) => {
  const { kind } = findDevice(data.device, all);
  return { sessions: new Sessions(data, all), kind };
});
// A failure shows in the first job; unhandled it would end the thread without a word.
ready.catch(() => undefined);

const kept = data.reuse ? new KeptPictures() : undefined;

const send = (message: FromWorker): void => {
  port.post(message, message.type === 'done' ? buffersOf(message.reply) : []);
};

const note = (message: string): void => {
  send({ type: 'note', message });
};

async function work(job: ToWorker): Promise<void> {
  const start = performance.now();
  let inferenceMs = 0;
  let unchanged = 0;
  try {
    const { sessions, kind } = await ready;
    const tools: TaskTools = {
      model: (model) => sessions.get(model, note),
      note,
      kept,
      unchanged: (share) => {
        unchanged = share;
      },
      suspicious: kind.trust === 'compared',
      infer: async (session, feeds, into) => {
        send({ type: 'alive' });
        const since = performance.now();
        try {
          return await session.run(feeds, into);
        } catch (error) {
          if (isOutOfMemory(error)) throw error;
          const message = error instanceof Error ? error.message : String(error);
          throw new RestorationError(
            kind.trust === 'reference' ? 'MODEL_INVALID' : 'DEVICE_UNAVAILABLE',
            `The network fails on ${kind.name}: ${message}`,
            { cause: error },
          );
        } finally {
          inferenceMs += performance.now() - since;
        }
      },
    };
    const reply = await runTask(job.request, tools);
    send({ type: 'done', id: job.id, reply, inferenceMs, totalMs: performance.now() - start, unchanged });
  } catch (error) {
    const known = isOutOfMemory(error)
      ? new RestorationError('OUT_OF_MEMORY', 'There is not enough memory for a frame of this size.', { cause: error })
      : toRestorationError(error);
    const { code, message, hint, retryable } = known;
    send({ type: 'failed', id: job.id, error: { code, message, hint, retryable } });
  }
}

/** Models are closed in order unless a job still uses them. */
async function end(): Promise<void> {
  if (working > 0) return;
  await ready.then(
    ({ sessions }) => sessions.close(),
    () => undefined,
  );
}

let working = 0;
let queue = Promise.resolve();
port.listen((message) => {
  working++;
  queue = queue.then(() => work(message as ToWorker)).finally(() => working--);
}, end);
