import type { BinsManifest } from '../models/schema.ts';
import { heldBack } from '../pixels/caution.ts';
import { colorNoise } from '../pixels/color-noise.ts';
import { lumaOf, saturated, sized, workingSize, type ColorizeReply, type RequestFor } from './colorize-request.ts';
import { outputFault } from './faults.ts';
import type { TaskTools } from './task.ts';

interface Colors {
  readonly cb: Float32Array;
  readonly cr: Float32Array;
  readonly confidence: Float32Array;
  /** How far the possible colors of a cell are of one hue, 0..1; see `heldBack`. */
  readonly agreement: Float32Array<ArrayBuffer>;
}

/**
 * The annealed mean of Zhang et al. 2016: probabilities are sharpened, f_T(z) = exp(log z / T) / sum, then the mean of
 * the bins is taken. T = 1 is the plain mean (safe, grayish), T near 0 the most likely bin (vivid, speckled).
 * Confidence is 1 less the normalized entropy of the probabilities as they are.
 */
function decode(
  logits: Float32Array,
  bins: readonly (readonly [number, number])[],
  cells: number,
  temperature: number,
): Colors {
  const [blues, reds] = [Float64Array.from(bins, ([blue]) => blue), Float64Array.from(bins, ([, red]) => red)];
  const lengths = Float64Array.from(bins, ([blue, red]) => Math.hypot(blue, red));
  const [cb, cr] = [new Float32Array(cells), new Float32Array(cells)];
  const [confidence, agreement] = [new Float32Array(cells), new Float32Array(cells)];
  for (let cell = 0; cell < cells; cell++) {
    let greatest = -Infinity;
    for (let i = cell; i < logits.length; i += cells) greatest = Math.max(greatest, logits[i] ?? 0);
    let [sharp, sharpBlue, sharpRed] = [0, 0, 0];
    let [plain, spread, plainBlue, plainRed, length] = [0, 0, 0, 0, 0];
    for (let bin = 0, i = cell; i < logits.length; bin++, i += cells) {
      const [blue, red] = [blues[bin] ?? 0, reds[bin] ?? 0];
      const level = (logits[i] ?? 0) - greatest;
      const chance = Math.exp(level);
      const sharpened = temperature === 1 ? chance : Math.exp(level / temperature);
      sharp += sharpened;
      sharpBlue += sharpened * blue;
      sharpRed += sharpened * red;
      plain += chance;
      spread += chance * level;
      plainBlue += chance * blue;
      plainRed += chance * red;
      length += chance * (lengths[bin] ?? 0);
    }
    cb[cell] = sharpBlue / sharp;
    cr[cell] = sharpRed / sharp;
    // Entropy of exp(level) / sum: log sum - mean level.
    const entropy = Math.log(plain) - spread / plain;
    confidence[cell] = Math.min(1, Math.max(0, 1 - entropy / Math.log(bins.length)));
    // Where no color at all is likely there is nothing to hold back.
    agreement[cell] = length > 0 ? Math.hypot(plainBlue, plainRed) / length : 1;
  }
  return { cb, cr, confidence, agreement };
}

let noise: { readonly key: string; readonly values: Float32Array } | undefined;

/** The field of a seed, kept while seed, size and model stay the same. */
function noiseFor(seed: number, model: RequestFor<BinsManifest>['model'], width: number, height: number): Float32Array {
  const key = [seed, model.sha256, width, height].join(' ');
  if (noise?.key !== key) noise = { key, values: colorNoise(seed, model.manifest.bins, width, height) };
  return noise.values;
}

/** Colors from a network that gives logits over chroma classes for each cell. */
export async function colorsFromBins(request: RequestFor<BinsManifest>, tools: TaskTools): Promise<ColorizeReply> {
  const { model, area, seed, saturation, temperature } = request;
  const { input, output, bins, reduction } = model.manifest;
  const picture = lumaOf(request);
  const work = workingSize(area, model.manifest);
  const fed = sized(picture, work.width, work.height);
  const { session } = await tools.model(model);
  const results = await tools.infer(session, {
    [input.name]: { type: 'float32', dims: [1, 1, work.height, work.width], data: fed.data },
  });
  const [width, height] = [work.width / reduction, work.height / reduction];
  const logits = results[output.name]?.data;
  const cells = width * height;
  if (!(logits instanceof Float32Array) || logits.length !== bins.length * cells) {
    throw outputFault(model, tools, `a result that is not ${bins.length} x ${height} x ${width}`);
  }
  if (seed !== 0) {
    const field = noiseFor(seed, model, width, height);
    for (let i = 0; i < logits.length; i++) logits[i] = (logits[i] ?? 0) + (field[i] ?? 0);
  }
  const { cb, cr, confidence, agreement } = decode(logits, bins, cells, temperature);
  if (cb.some(Number.isNaN)) throw outputFault(model, tools, 'values that are not numbers');
  const luma = sized(picture, width, height);
  const gain = heldBack(agreement, luma, model.manifest.caution);
  const limit = saturated(saturation);
  const shown = (values: Float32Array): Float32Array => values.map((value, cell) => limit(value * (gain[cell] ?? 1)));
  return { width, height, cb: shown(cb), cr: shown(cr), confidence, luma: luma.data };
}
