import { runApplyChroma, type ApplyChromaReply, type ApplyChromaRequest } from './apply-chroma.ts';
import { runCall, type CallReply, type CallRequest } from './call.ts';
import { runColorize, type ColorizeReply, type ColorizeRequest } from './colorize.ts';
import { runDenoiseChroma, type DenoiseChromaReply, type DenoiseChromaRequest } from './denoise-chroma.ts';
import { runGrain, type GrainReply, type GrainRequest } from './grain.ts';
import { runLuma, type LumaReply, type LumaRequest } from './luma.ts';
import { runMeasure, type MeasureReply, type MeasureRequest } from './measure.ts';
import { runPack, runUnpack, type PackReply, type PackRequest, type UnpackReply, type UnpackRequest } from './pack.ts';
import { runResizeChroma, type ResizeChromaReply, type ResizeChromaRequest } from './resize-chroma.ts';
import { runRgb, type RgbReply, type RgbRequest } from './rgb.ts';
import { runScratches, type ScratchesReply, type ScratchesRequest } from './scratches.ts';
import type { TaskTools } from './task.ts';

/** Every kind of work that a worker thread does, with what goes in and what comes out. */
export interface TaskMap {
  readonly luma: { readonly request: LumaRequest; readonly reply: LumaReply };
  readonly rgb: { readonly request: RgbRequest; readonly reply: RgbReply };
  readonly 'resize-chroma': { readonly request: ResizeChromaRequest; readonly reply: ResizeChromaReply };
  readonly 'denoise-chroma': { readonly request: DenoiseChromaRequest; readonly reply: DenoiseChromaReply };
  readonly call: { readonly request: CallRequest; readonly reply: CallReply };
  readonly colorize: { readonly request: ColorizeRequest; readonly reply: ColorizeReply };
  readonly measure: { readonly request: MeasureRequest; readonly reply: MeasureReply };
  readonly 'apply-chroma': { readonly request: ApplyChromaRequest; readonly reply: ApplyChromaReply };
  readonly scratches: { readonly request: ScratchesRequest; readonly reply: ScratchesReply };
  readonly grain: { readonly request: GrainRequest; readonly reply: GrainReply };
  readonly pack: { readonly request: PackRequest; readonly reply: PackReply };
  readonly unpack: { readonly request: UnpackRequest; readonly reply: UnpackReply };
}

type TaskName = keyof TaskMap;
export type TaskRequest = TaskMap[TaskName]['request'];
export type TaskReply = TaskMap[TaskName]['reply'];
export type ReplyTo<Request extends TaskRequest> = TaskMap[Request['task']]['reply'];

/** Does the work of one request, in the calling thread. */
export async function runTask(request: TaskRequest, tools: TaskTools): Promise<TaskReply> {
  switch (request.task) {
    case 'luma':
      return runLuma(request, tools);
    case 'rgb':
      return runRgb(request, tools);
    case 'resize-chroma':
      return runResizeChroma(request);
    case 'denoise-chroma':
      return runDenoiseChroma(request);
    case 'call':
      return runCall(request);
    case 'colorize':
      return runColorize(request, tools);
    case 'measure':
      return runMeasure(request, tools);
    case 'apply-chroma':
      return runApplyChroma(request);
    case 'scratches':
      return runScratches(request);
    case 'grain':
      return runGrain(request);
    case 'pack':
      return runPack(request);
    case 'unpack':
      return runUnpack(request);
  }
}
