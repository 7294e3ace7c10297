import type { FieldOrder } from '../core/format.ts';
import type { Telecine } from '../core/media.ts';
import type { ProbedFrame } from './ffprobe.ts';

/** What FFmpeg's idet says about one frame. */
export interface FieldVerdict {
  readonly repeated: 'neither' | 'top' | 'bottom';
  /** 'multiple' detection: taken over neighbors. */
  readonly scan: 'tff' | 'bff' | 'progressive' | 'undetermined';
}

/** Filters and output that print one verdict a frame on stdout. */
export const IDET_FILTER = 'idet,metadata=mode=print:file=-';

/** Reads the text of IDET_FILTER. */
export function parseIdet(text: string): FieldVerdict[] {
  const verdicts: FieldVerdict[] = [];
  let repeated: FieldVerdict['repeated'] = 'neither';
  for (const line of text.split('\n')) {
    const [key, value = ''] = line.trim().split('=');
    if (key === 'lavfi.idet.repeated.current_frame')
      repeated = value === 'top' || value === 'bottom' ? value : 'neither';
    if (key === 'lavfi.idet.multiple.current_frame') {
      verdicts.push({
        repeated,
        scan: value === 'tff' || value === 'bff' || value === 'progressive' ? value : 'undetermined',
      });
      repeated = 'neither';
    }
  }
  return verdicts;
}

/** ffprobe's field_order: coded order and display order; the second letter of tb and bt is what is shown first. */
export function statedFieldOrder(text: string | undefined): FieldOrder {
  if (text === 'progressive') return 'progressive';
  if (text === 'tt' || text === 'bt') return 'tff';
  return text === 'bb' || text === 'tb' ? 'bff' : 'unknown';
}

/** Fewer film cycles than this prove nothing. */
const MIN_CYCLES = 4;

/**
 * 3:2 pulldown repeats one field in two of every five frames, two or three frames apart, once at the top and once at the
 * bottom. True when that cadence holds in most cycles of a part and repeats outside it are rare; a still picture repeats nothing that idet
 * could see, so it proves nothing.
 */
export function hasPulldownCadence(verdicts: readonly FieldVerdict[]): boolean {
  const cycles = Math.floor(verdicts.length / 5);
  if (cycles < MIN_CYCLES) return false;
  const hits = (kind: 'top' | 'bottom', phase: number): number =>
    verdicts.filter((verdict, index) => index % 5 === phase && verdict.repeated === kind).length;
  const total = verdicts.filter((verdict) => verdict.repeated !== 'neither').length;
  let best = 0;
  for (let phase = 0; phase < 5; phase++) {
    for (const distance of [2, 3]) {
      const [top, bottom] = [hits('top', phase), hits('bottom', (phase + distance) % 5)];
      best = Math.max(best, 2 * Math.min(top, bottom));
    }
  }
  return best >= 2 * Math.max(MIN_CYCLES - 1, 0.5 * cycles) && best >= 0.8 * total;
}

/** Soft telecine: two or three fields a frame in turn, in every frame of the sample but its ends. */
export function hasRepeatFlags(frames: readonly ProbedFrame[]): boolean {
  if (frames.length < 8) return false;
  const flags = frames.map((frame) => frame.repeat_pict > 0);
  const changes = flags.filter((flag, index) => index > 0 && flag !== flags[index - 1]).length;
  return changes >= 0.9 * (flags.length - 1) && frames.every((frame) => frame.interlaced_frame === 0);
}

export interface FieldFacts {
  readonly stated: FieldOrder;
  readonly frames: readonly ProbedFrame[];
  /** One list for each sampled part. */
  readonly verdicts: readonly (readonly FieldVerdict[])[];
  /** Frames a second; 3:2 pulldown ends at 30 (or 30000/1001). */
  readonly rate: number;
}

/** How the source is scanned. Where the pictures say nothing certain, the flags count; where these say nothing either, it is progressive or 'unknown'. */
export function classifyFields(facts: FieldFacts): { readonly fieldOrder: FieldOrder; readonly telecine: Telecine } {
  const flagged = facts.frames.filter((frame) => frame.interlaced_frame === 1);
  const topFirst = flagged.filter((frame) => frame.top_field_first === 1).length;
  const flaggedOrder: FieldOrder = topFirst * 2 >= flagged.length ? 'tff' : 'bff';
  const saysInterlaced = flagged.length * 2 > facts.frames.length;
  if (hasRepeatFlags(facts.frames)) return { fieldOrder: 'progressive', telecine: 'soft' };

  const all = facts.verdicts.flat();
  const count = (scan: FieldVerdict['scan']): number => all.filter((verdict) => verdict.scan === scan).length;
  const [tff, bff, progressive] = [count('tff'), count('bff'), count('progressive')];
  const seen: FieldOrder = tff >= bff ? 'tff' : 'bff';
  const fields = Math.max(tff, bff);
  const order = saysInterlaced ? flaggedOrder : facts.stated === 'tff' || facts.stated === 'bff' ? facts.stated : seen;
  // Most of the parts must agree: an advertisement of video inside a film is not the film.
  const cadence = facts.verdicts.filter(hasPulldownCadence).length * 2 > facts.verdicts.length;
  if (Math.abs(facts.rate - 30) < 0.1 && cadence) return { fieldOrder: order, telecine: 'hard' };

  const certain = fields + progressive;
  const strong = (part: number): boolean => certain >= 8 && part >= 0.9 * certain && certain >= 0.5 * all.length;
  if (saysInterlaced || facts.stated === 'tff' || facts.stated === 'bff') {
    if (strong(progressive)) return { fieldOrder: 'progressive', telecine: 'none' };
    // Captured with the wrong flag: the pictures know better, when they are unanimous.
    return { fieldOrder: strong(fields) && fields >= 0.95 * (tff + bff) ? seen : order, telecine: 'none' };
  }
  if (strong(fields) && fields >= 0.95 * (tff + bff) && all.length >= 20) return { fieldOrder: seen, telecine: 'none' };
  return {
    fieldOrder: facts.stated === 'progressive' || facts.frames.length > 0 ? 'progressive' : 'unknown',
    telecine: 'none',
  };
}
