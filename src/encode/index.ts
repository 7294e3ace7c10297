export { chooseContainer, type ContainerChoice } from './containers.ts';
export { planEncode, type EncodeRequest } from './plan.ts';
export { planStreams } from './streams.ts';
export { segmentExtension } from './segment-args.ts';
export { openSegmentEncoder, type SegmentEncoder, type SegmentEncoderOptions } from './segment.ts';
export { joinAndMux, type JoinOptions } from './join.ts';
export { verifyOutput, type VerifyReport } from './verify.ts';
export type { VerifyOptions } from './verify-options.ts';
export { listEncoders, type EncoderInfo } from './inventory.ts';
