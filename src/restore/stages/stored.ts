import type { FrameFormat } from '../../core/format.ts';
import { planeSizes } from '../../core/format.ts';
import type { ChromaGrid, Frame, Plane } from '../../core/frame.ts';
import type { StageContext } from '../../core/stage.ts';
import type { Packable } from '../tasks/pack.ts';
import { jobFor, type RestoreEnvironment } from './environment.ts';

/** What a network makes of a frame: from the store, or by `make`, which is stored then. */
export async function throughStore(
  frame: Frame,
  { engine, store }: RestoreEnvironment,
  context: StageContext,
  make: () => Promise<Packable>,
): Promise<Packable> {
  if (!store) return make();
  const job = jobFor(frame, context);
  const label = `${store.key} ${frame.index}`;
  const kept = await store.load(frame.index);
  if (kept) {
    const { content } = await engine.run(() => ({ task: 'unpack', label, bytes: kept.slice() }) as const, job);
    if (content) {
      engine.tally.fromStore();
      return content;
    }
    await store.drop(frame.index);
  }
  const content = await make();
  const copy = (): Packable => ({
    planes: content.planes.map(({ width, plane }) => ({ width, plane: plane.slice() })),
    floats: content.floats.map((field) => field.slice()),
  });
  const { bytes } = await engine.run(() => ({ task: 'pack', label, content: copy() }) as const, job);
  await store.save(frame.index, bytes);
  return content;
}

/** As `throughStore`, for the luma of a frame that becomes one of format `to`. */
export async function storedLuma(
  frame: Frame,
  to: FrameFormat,
  environment: RestoreEnvironment,
  context: StageContext,
  make: () => Promise<{ readonly plane: Plane }>,
): Promise<Plane> {
  const { planes } = await throughStore(frame, environment, context, async () => ({
    planes: [{ width: to.width, plane: (await make()).plane }],
    floats: [],
  }));
  const [luma] = planes;
  if (!luma) throw new RangeError(`Frame ${frame.index} has no luma`);
  return luma.plane;
}

/** As `throughStore`, for all planes of a frame that becomes one of format `to`. */
export async function storedPlanes(
  frame: Frame,
  to: FrameFormat,
  environment: RestoreEnvironment,
  context: StageContext,
  make: () => Promise<{ readonly planes: readonly Plane[] }>,
): Promise<readonly Plane[]> {
  const widths = planeSizes(to).map(({ width }) => width);
  const { planes } = await throughStore(frame, environment, context, async () => ({
    planes: (await make()).planes.map((plane, i) => ({ width: widths[i] ?? 1, plane })),
    floats: [],
  }));
  return planes.map(({ plane }) => plane);
}

/** As `throughStore`, for predicted color. */
export async function storedGrid(
  frame: Frame,
  environment: RestoreEnvironment,
  context: StageContext,
  make: () => Promise<ChromaGrid>,
): Promise<ChromaGrid> {
  const { floats } = await throughStore(frame, environment, context, async () => {
    const { width, height, cb, cr, confidence, luma } = await make();
    return { planes: [], floats: [Float32Array.of(width, height), cb, cr, confidence, luma] };
  });
  const [size, cb, cr, confidence, luma] = floats;
  if (!size || !cb || !cr || !confidence || !luma) throw new RangeError(`Frame ${frame.index} has no predicted color`);
  return { width: size[0] ?? 0, height: size[1] ?? 0, cb, cr, confidence, luma };
}
