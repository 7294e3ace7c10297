/** Frames `start <= index < end`. Half-open everywhere in the project; stated here once. */
export interface FrameRange {
  readonly start: number;
  readonly end: number;
}

export const rangeLength = (range: FrameRange): number => range.end - range.start;
export const contains = (range: FrameRange, index: number): boolean => index >= range.start && index < range.end;

/** Frames of one camera take. `index` counts shots from 0; temporal state never crosses from one shot to the next. */
export interface Shot {
  readonly index: number;
  readonly range: FrameRange;
}

/** The shot that holds `frame`; shots are contiguous and in order. Throws RangeError outside the film. */
export function shotAt(shots: readonly Shot[], frame: number): Shot {
  let [low, high] = [0, shots.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const shot = shots[middle];
    if (shot === undefined) break;
    if (frame < shot.range.start) high = middle - 1;
    else if (frame >= shot.range.end) low = middle + 1;
    else return shot;
  }
  throw new RangeError(`No shot holds frame ${frame}`);
}

/**
 * The unit of everything that must not be lost: work, retry, resume.
 * `leadIn` and `leadOut` count frames outside `range` that are decoded only so that temporal stages
 * see the same neighbors as in an uncut run.
 */
export interface Segment {
  readonly index: number;
  readonly range: FrameRange;
  readonly leadIn: number;
  readonly leadOut: number;
}
