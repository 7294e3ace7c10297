/** How much of what networks were asked for needed no computing. Each picture of each network counts 1. */
export interface Savings {
  readonly asked: number;
  /** Of them: repeats of the picture before, and unchanged parts of pictures by their area. */
  readonly unchanged: number;
  /** Of them: results that an earlier run had kept. */
  readonly stored: number;
}

/** `part` of what was asked for, with two decimals; 0 when nothing was. */
export const shareOf = (part: number, { asked }: Savings): number =>
  asked === 0 ? 0 : Math.round((100 * part) / asked) / 100;

/** Counts `Savings` while a film runs. */
export class Tally implements Savings {
  asked = 0;
  unchanged = 0;
  stored = 0;

  /** A picture that went through a network, all but the share `unchanged` (0..1) of it. */
  computed(unchanged: number): void {
    this.asked++;
    this.unchanged += unchanged;
  }

  /** A picture that a network was not asked for, because the one before it is the same. */
  repeated(): void {
    this.computed(1);
  }

  /** A picture whose result an earlier run had kept. */
  fromStore(): void {
    this.asked++;
    this.stored++;
  }
}
