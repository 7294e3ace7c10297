import { RestorationError } from '../../core/errors.ts';
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
