export { parseInputColor } from './color.ts';
export { assertNotReplaced, assertUnchanged } from './fingerprint.ts';
export { decodeFrames } from './frames.ts';
export type { DecodeOptions } from './pass.ts';
export { decodeNotes, planDecode, type PlanDecodeOptions } from './plan.ts';
export { probeMedia, type ProbeOptions } from './probe.ts';
