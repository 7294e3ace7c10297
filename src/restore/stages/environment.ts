import { z } from 'zod';
import { codeRange } from '../../core/color.ts';
import { RestorationError } from '../../core/errors.ts';
import type { FrameFormat } from '../../core/format.ts';
import type { Frame } from '../../core/frame.ts';
import type { Rect } from '../../core/media.ts';
import type { StageContext } from '../../core/stage.ts';
import type { Engine, JobOptions } from '../engine/engine.ts';
import type { ColorizeManifest, PictureManifest, ResolvedModel } from '../models/schema.ts';
import type { PlaneCoding } from '../pixels/codes.ts';
import type { ResultStore } from './result-store.ts';

/** What the stages of this folder are created with. */
export interface RestoreEnvironment {
  readonly engine: Engine;
  /** For stages that run a network. */
  readonly model?: ResolvedModel | undefined;
  /** Keeps what the network makes for later runs. */
  readonly store?: ResultStore | undefined;
}

/** Frames in flight of a stage that runs a network and works on other planes beside it. */
export const mixedLookAhead = ({ lookAhead, pixelLookAhead }: Engine): number => Math.max(lookAhead, pixelLookAhead);

export type PictureModel = ResolvedModel & { readonly manifest: PictureManifest };
export type ColorizeModel = ResolvedModel & { readonly manifest: ColorizeManifest };

function missing(kind: string, model: ResolvedModel | undefined): RestorationError {
  return model
    ? new RestorationError(
        'MODEL_INVALID',
        `${model.manifest.id} is a model for ${model.manifest.kind}, not ${kind}.`,
        {
          hint: '`restore models` lists the models for each stage.',
        },
      )
    : new RestorationError('INTERNAL', `The stage ${kind} was given no model.`);
}

/** The model, if it is one for `kind`; throws MODEL_INVALID otherwise. */
export function pictureModel(kind: 'upscale' | 'denoise', model: ResolvedModel | undefined): PictureModel {
  if (model?.manifest.kind !== kind) throw missing(kind, model);
  return { ...model, manifest: model.manifest };
}

export function colorizeModel(model: ResolvedModel | undefined): ColorizeModel {
  if (model?.manifest.kind !== 'colorize') throw missing('colorize', model);
  return { ...model, manifest: model.manifest };
}

export const codingOf = ({ width, height, color, pixelFormat }: FrameFormat): PlaneCoding => ({
  width,
  height,
  codes: codeRange(color.range, pixelFormat.bitDepth),
});

export const jobFor = ({ index }: Frame, { signal, warn, stage }: StageContext): JobOptions => ({
  signal,
  warn,
  order: index,
  stage,
});

/** Nothing to give back: planes from a worker are ordinary memory. */
export const nothing = (): void => undefined;

const whole = z.number().int().nonnegative();
export const rectSchema = z.object({ x: whole, y: whole, width: whole.min(2), height: whole.min(2) });

/** The part of the picture that is worked on: all of it, or `area`. Throws where that lies outside. */
export function areaOf({ width, height }: FrameFormat, area: Rect | undefined): Rect {
  if (!area) return { x: 0, y: 0, width, height };
  if (area.x + area.width <= width && area.y + area.height <= height) return area;
  throw new RestorationError('INTERNAL', `The picture area lies outside the ${width} x ${height} frame.`);
}
