import { RestorationError } from '../../core/errors.ts';
import type { Plane } from '../../core/frame.ts';
import type { ResolvedModel } from '../models/schema.ts';
import type { TaskTools } from './task.ts';

/** A result that cannot be right: on the reference device the model is to blame, elsewhere the device. */
export function outputFault(model: ResolvedModel, tools: TaskTools, what: string): RestorationError {
  const { id } = model.manifest;
  return tools.suspicious
    ? new RestorationError('DEVICE_UNAVAILABLE', `The device gives ${what} for ${id}.`)
    : new RestorationError('MODEL_INVALID', `The model ${id} gives ${what}.`, {
        hint: 'Choose another model with --model.',
      });
}

/** Whether a sample of the plane's values are all the same. */
export function isFlat(plane: Plane): boolean {
  const step = Math.max(1, Math.floor(plane.length / 4096));
  for (let i = step; i < plane.length; i += step) if (plane[i] !== plane[0]) return false;
  return true;
}
