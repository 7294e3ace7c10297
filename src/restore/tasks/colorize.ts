import type { BinsManifest, ColorManifest } from '../models/schema.ts';
import { colorsFromBins } from './colorize-bins.ts';
import { colorsFromNetwork } from './colorize-color.ts';
import type { ColorizeReply, ColorizeRequest, RequestFor } from './colorize-request.ts';
import type { TaskTools } from './task.ts';

export type { ColorizeReply, ColorizeRequest } from './colorize-request.ts';

const givesChances = (request: ColorizeRequest): request is RequestFor<BinsManifest> =>
  request.model.manifest.adapter === 'chroma-bins';

/** Colors on a grid from luma, as the model's adapter says. */
export const runColorize = (request: ColorizeRequest, tools: TaskTools): Promise<ColorizeReply> =>
  givesChances(request)
    ? colorsFromBins(request, tools)
    : colorsFromNetwork(request as RequestFor<ColorManifest>, tools);
