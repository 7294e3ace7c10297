import { ChromaHistogram, chromaAgreement, colorfulness } from './metrics/color.ts';
import { labOfPicture, meanCiede2000, type LabPicture } from './metrics/lab.ts';
import { mean, toByte, type RgbPicture } from './picture.ts';

export interface ColorFigures {
  /** Mean CIEDE2000 to the truth over the gray picture's. */
  readonly ratio: number;
  readonly correlation: number;
  readonly spread: number;
  readonly colorfulness: number;
  /** Overlap of chroma histograms with the truth's, over the whole set. */
  readonly histogram: number;
}

/** The picture without color: BT.601 luma in all channels. */
export function grayOf({ width, height, data }: RgbPicture): RgbPicture {
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    out.fill(toByte(0.299 * (data[i] ?? 0) + 0.587 * (data[i + 1] ?? 0) + 0.114 * (data[i + 2] ?? 0)), i, i + 3);
  }
  return { width, height, data: out };
}

interface Truth {
  readonly lab: LabPicture;
  readonly grayError: number;
}

/** Judges colorings of a set of pictures whose true color is known. */
export class ColorJudge {
  readonly #truths: readonly Truth[];
  readonly #histogram = new ChromaHistogram();

  constructor(truths: readonly RgbPicture[]) {
    this.#truths = truths.map((picture) => {
      const lab = labOfPicture(picture);
      this.#histogram.add(lab);
      return { lab, grayError: meanCiede2000(labOfPicture(grayOf(picture)), lab) };
    });
  }

  /** Figures of colorings of all the pictures, in their order. */
  judge(colorings: readonly RgbPicture[]): ColorFigures {
    const histogram = new ChromaHistogram();
    const errors: number[] = [];
    const agreements: { correlation: number; spread: number }[] = [];
    this.#truths.forEach((truth, index) => {
      const coloring = colorings[index];
      if (!coloring) throw new RangeError(`There is no coloring of picture ${index}.`);
      const lab = labOfPicture(coloring);
      histogram.add(lab);
      errors.push(meanCiede2000(lab, truth.lab));
      const agreement = chromaAgreement(lab, truth.lab);
      if (agreement) agreements.push(agreement);
    });
    return {
      ratio: mean(errors) / mean(this.#truths.map(({ grayError }) => grayError)),
      correlation: mean(agreements.map((one) => one.correlation)),
      spread: mean(agreements.map((one) => one.spread)),
      colorfulness: mean(colorings.map(colorfulness)),
      histogram: histogram.intersection(this.#histogram),
    };
  }
}
