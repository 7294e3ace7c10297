export { parseInputColor } from './color.ts';
export { decodeFrames, type DecodeOptions } from './frames.ts';
export { assertNotReplaced, assertUnchanged } from './fingerprint.ts';
export { decodeNotes, planDecode, type PlanDecodeOptions } from './plan.ts';
export { probeMedia, type ProbeOptions } from './probe.ts';
