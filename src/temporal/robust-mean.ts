/** Color differences (of -0.5..0.5) from what most neighbors say that always count as agreement. */
const CHROMA_AGREEMENT = 0.03;

/** Weighted mean of colors in which single frames that say something else have little weight. */
export class RobustMean {
  cb = 0;
  cr = 0;
  confidence = 0;
  readonly #cb: Float64Array;
  readonly #cr: Float64Array;
  readonly #confidence: Float64Array;
  readonly #weight: Float64Array;
  readonly #order: Int32Array;

  constructor(count: number) {
    this.#cb = new Float64Array(count);
    this.#cr = new Float64Array(count);
    this.#confidence = new Float64Array(count);
    this.#weight = new Float64Array(count);
    this.#order = Int32Array.from({ length: count }, (_, i) => i);
  }

  set(i: number, cb: number, cr: number, confidence: number, weight: number): void {
    this.#cb[i] = cb;
    this.#cr[i] = cr;
    this.#confidence[i] = confidence;
    this.#weight[i] = weight;
  }

  /** From the weighted medians, two rounds of reweighting by distance (Cauchy). */
  solve(): void {
    this.cb = this.#median(this.#cb);
    this.cr = this.#median(this.#cr);
    for (let round = 0; round < 2; round++) this.#reweigh();
  }

  #reweigh(): void {
    let [sum, cb, cr, confidence] = [0, 0, 0, 0];
    for (let i = 0; i < this.#weight.length; i++) {
      const [x, y] = [this.#cb[i] ?? 0, this.#cr[i] ?? 0];
      const distance = ((x - this.cb) ** 2 + (y - this.cr) ** 2) / CHROMA_AGREEMENT ** 2;
      const weight = (this.#weight[i] ?? 0) / (1 + distance / 4);
      sum += weight;
      cb += weight * x;
      cr += weight * y;
      confidence += weight * (this.#confidence[i] ?? 0);
    }
    this.cb = cb / sum;
    this.cr = cr / sum;
    this.confidence = confidence / sum;
  }

  #median(values: Float64Array): number {
    const order = this.#order;
    // By insertion: neighboring cells have nearly the same order. Ties keep their place, so that the order, and with it the
    // sum, is always the same.
    for (let i = 1; i < order.length; i++) {
      const moved = order[i] ?? 0;
      const value = values[moved] ?? 0;
      let at = i;
      for (; at > 0; at--) {
        const before = order[at - 1] ?? 0;
        const other = values[before] ?? 0;
        if (other < value || (other === value && before < moved)) break;
        order[at] = before;
      }
      order[at] = moved;
    }
    let half = 0;
    for (const weight of this.#weight) half += weight;
    half /= 2;
    for (const i of order) {
      half -= this.#weight[i] ?? 0;
      if (half <= 0) return values[i] ?? 0;
    }
    return 0;
  }
}
