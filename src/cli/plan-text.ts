import type { Estimate, MediaStream, Plan, Rational } from '../index.ts';
import { formatBytes, formatDuration, formatNumber, formatPlace, formatTable, quoteName, wrap } from './text.ts';

type StagePlan = Plan['stages'][number];

const LABEL_WIDTH = 10;
const TEXT_WIDTH = 100;

const rate = ({ num, den }: Rational): string => formatNumber(num / den);

/** `name  text`, further lines of text under the first. */
function entry(label: string, text: string): string[] {
  return wrap(text, TEXT_WIDTH).map((line, i) => (i === 0 ? label : '').padEnd(LABEL_WIDTH + 2) + line);
}

function source({ media }: Plan): string {
  const { video } = media;
  const parts = [
    `${video.width}x${video.height} ${video.codec} (${video.sourcePixelFormat})`,
    `${rate(video.frameRate)} fps${video.variableFrameRate ? ' on average, variable' : ''}`,
    media.durationSeconds === undefined ? 'unknown length' : formatDuration(media.durationSeconds),
    media.container.split(',').slice(0, 2).join('/'),
  ];
  if (video.sampleAspectRatio.num !== video.sampleAspectRatio.den) {
    parts.push(`pixel aspect ${video.sampleAspectRatio.num}:${video.sampleAspectRatio.den}`);
  }
  if (video.mirrored) parts.push('shown mirrored');
  if (video.rotation !== 0) parts.push(`shown rotated by ${video.rotation} degrees`);
  if (video.fieldOrder === 'tff' || video.fieldOrder === 'bff') parts.push(`interlaced (${video.fieldOrder})`);
  if (video.telecine !== 'none') parts.push(`${video.telecine} telecine`);
  return parts.join(', ');
}

function color({ media: { video } }: Plan): string {
  const { matrix, primaries, transfer, range } = video.color;
  const guess = video.colorGuessed ? ' (in part a guess: the source does not say; --input-color overrides it)' : '';
  return `matrix ${matrix}, primaries ${primaries}, transfer ${transfer}, ${range} range${guess}`;
}

function look({ media: { diagnosis }, decode }: Plan): string {
  const parts = [
    diagnosis.blackAndWhite ? 'black-and-white' : 'color',
    `noise ${formatNumber(diagnosis.noiseSigma, 1)}`,
  ];
  parts.push(`flicker ${formatNumber(diagnosis.flicker, 1)}`);
  if (decode.crop) {
    const { width, height, x, y } = decode.crop;
    parts.push(`black bars around ${width}x${height} at ${x},${y}`);
  }
  return parts.join(', ');
}

function decoding({ decode }: Plan): string {
  const parts: string[] = [];
  if (decode.deinterlace !== 'off') parts.push(`deinterlaced with ${decode.deinterlace}`);
  if (decode.telecine === 'hard') parts.push('pulldown removed');
  if (decode.bakeRotation !== 0) parts.push(`turned by ${decode.bakeRotation} degrees`);
  if (decode.startSeconds !== undefined) parts.push(`from ${formatPlace(decode.startSeconds)}`);
  if (decode.durationSeconds !== undefined) parts.push(`for ${formatNumber(decode.durationSeconds)} s`);
  return parts.join(', ');
}

/** `upscale (old-x4; strength 0.5)`: options that a person can read; the model is said by its id. */
function stage({ kind, options, model }: StagePlan): string {
  const said = Object.entries(options)
    .filter(([key, value]) => key !== 'model' && ['number', 'string', 'boolean'].includes(typeof value))
    .map(([key, value]) => `${key} ${typeof value === 'number' ? formatNumber(value) : String(value)}`);
  const inside = [...(model ? [model.id] : []), ...said];
  return inside.length === 0 ? kind : `${kind} (${inside.join(', ')})`;
}

function encoding({ encode, decode }: Plan): string {
  const { format } = encode;
  const { sampling, bitDepth } = format.pixelFormat;
  const parts = [
    `${format.width}x${format.height}`,
    `${encode.encoder}, ${bitDepth}-bit ${sampling === 'gray' ? 'gray' : `4:${sampling[1] ?? ''}:${sampling[2] ?? ''}`}`,
    `${rate(decode.frameRate)} fps${decode.variableFrameRate ? ' on average, as in the source' : ''}`,
  ];
  if (encode.crf !== undefined) parts.push(`crf ${formatNumber(encode.crf)}`);
  if (encode.encoderPreset !== undefined) parts.push(`preset ${encode.encoderPreset}`);
  parts.push(encode.container);
  return parts.join(', ');
}

function streamName(stream: MediaStream | undefined, index: number): string {
  if (!stream) return `stream ${index}`;
  const language = stream.language === undefined || stream.language === 'und' ? '' : ` ${stream.language}`;
  const title = stream.title === undefined ? '' : ` ${quoteName(stream.title)}`;
  return `${stream.kind}${language}${title} (${stream.codec})`;
}

const ACTIONS = { restore: 'restored', copy: 'kept', convert: 'converted', drop: 'LEFT OUT' } as const;

function streams(plan: Plan): string[] {
  const rows = plan.streams.map(({ index, action, codec, reason }) => [
    `#${index}`,
    streamName(
      plan.media.streams.find((stream) => stream.index === index),
      index,
    ),
    `${ACTIONS[action]}${codec === undefined ? '' : ` to ${codec}`}${reason === undefined ? '' : `: ${reason}`}`,
  ]);
  return formatTable(rows).map((line, i) => (i === 0 ? 'Streams' : '').padEnd(LABEL_WIDTH + 2) + line);
}

const time = ({ seconds, basis }: Estimate): string =>
  seconds === undefined ? `unknown (${basis})` : `about ${formatDuration(seconds)} (${basis})`;

function floats({ device, precision }: Plan): string {
  if (device === 'cpu' || precision === 'fp32') return '32-bit floats';
  return `16-bit floats where they suffice${precision === 'auto' ? ' and are faster' : ''}`;
}

/** All of a plan for a person: what `--plan` prints. */
export function formatPlan(plan: Plan, estimate: Estimate): string[] {
  const decoded = decoding(plan);
  const { chapters } = plan.media;
  return [
    ...entry('Input', quoteName(plan.media.path)),
    ...entry('Source', source(plan)),
    ...entry('Color', color(plan)),
    ...entry('Picture', look(plan)),
    ...(decoded === '' ? [] : entry('Decode', decoded)),
    ...entry('Preset', plan.preset),
    ...entry(
      'Stages',
      plan.stages.length === 0 ? 'none: the picture is only encoded' : plan.stages.map(stage).join(' -> '),
    ),
    ...entry('Device', `${plan.device}, ${floats(plan)}`),
    ...entry('Output', quoteName(plan.output)),
    ...entry('Encode', encoding(plan)),
    ...streams(plan),
    ...(chapters === 0 ? [] : entry('Chapters', `${chapters}, kept`)),
    ...plan.notes.flatMap((note) => entry('Note', note)),
    ...entry('Frames', `about ${estimate.frames}, segments of at most ${plan.segmentFrames}`),
    ...entry('Time', time(estimate)),
    ...entry('Size', `about ${formatBytes(estimate.outputBytes)}`),
    ...entry('Disk', `about ${formatBytes(estimate.diskBytes)} while it runs, in ${quoteName(plan.workdir)}`),
  ];
}

/** What a run says before it starts. */
export function formatPlanSummary(plan: Plan, estimate: Estimate): string[] {
  const { video } = plan.media;
  const { format, encoder } = plan.encode;
  const stages = plan.stages.length === 0 ? 'encode only' : plan.stages.map(({ kind }) => kind).join(', ');
  const time = estimate.seconds === undefined ? '' : `; about ${formatDuration(estimate.seconds)}`;
  return [
    `${quoteName(plan.media.path)} -> ${quoteName(plan.output)}`,
    `${video.width}x${video.height} -> ${format.width}x${format.height} ${encoder}, preset ${plan.preset}: ${stages}${time}`,
    ...plan.notes,
  ];
}
