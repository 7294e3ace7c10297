import { Option } from 'commander';
import { BACKENDS, DEINTERLACE_MODES, PRECISIONS } from '../index.ts';
import { collectModel, numberFor, oneOf, parseBytes, parseSize, textFor, timeFor, type NumericKey } from './values.ts';

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

interface Flag {
  readonly group: string;
  readonly flags: string;
  readonly description: string;
  /** Throws USAGE. `previous` is what the same flag gave before. */
  readonly parse?: (value: string, previous: never) => unknown;
}

/** A flag with a number: its words for the bounds are said in the help and in the refusal alike. */
function numeric(group: string, flags: string, key: NumericKey, what: string, needs: string): Flag {
  const flag = flags.split(' ')[0] ?? flags;
  return { group, flags, description: `${what}; ${needs}`, parse: numberFor(key, flag, needs) };
}

/** Device ids with commas between them. */
const WORDS = /^[a-z0-9][a-z0-9_.:-]*(,[a-z0-9][a-z0-9_.:-]*)*$/i;

/** `--device` and `--codec` are open lists: what exists depends on the machine, so only the form is checked here. */
const WORD = /^[a-z0-9][a-z0-9_.:-]*$/i;

const PICTURE = 'What is done to the picture:';
const MODELS = 'Models and devices:';
const SOURCE = 'Source:';
const OUTPUT = 'Output:';
const RUN = 'Run:';

/** Every option of `restore INPUT...`, in the order of the help. */
const FLAGS: readonly Flag[] = [
  {
    group: OUTPUT,
    flags: '-o, --output <path>',
    description: 'a file, or a folder (needed with several inputs); default: NAME.restored.EXT beside the input',
    parse: textFor('--output', 'a path'),
  },
  {
    group: PICTURE,
    flags: '--preset <name|file>',
    description: 'a preset (`restore presets` lists them) or a JSON file; default: one that fits the source',
    parse: textFor('--preset', 'the name of a preset or a JSON file'),
  },
  { group: PICTURE, flags: '--colorize', description: 'give a black-and-white film color' },
  numeric(PICTURE, '--upscale <factor>', 'upscale', 'enlarge the picture', 'a number above 1 and at most 16'),
  {
    group: PICTURE,
    flags: '--to <size>',
    description: 'enlarge to fit into 4k, 1440p, 1080p or WIDTHxHEIGHT',
    parse: parseSize,
  },
  { group: PICTURE, flags: '--no-cap', description: 'allow pictures beyond 3840x2160' },
  numeric(PICTURE, '--denoise <strength>', 'denoise', 'remove noise and grain', 'a number from 0 (off) to 1'),
  numeric(PICTURE, '--deflicker <strength>', 'deflicker', 'even out brightness pumping', 'a number from 0 (off) to 1'),
  numeric(PICTURE, '--scratches <strength>', 'scratches', 'take away scratches', 'a number from 0 (off) to 1'),
  numeric(PICTURE, '--dust <strength>', 'dust', 'take away dust and dirt', 'a number from 0 (off) to 1'),
  numeric(PICTURE, '--degrain <strength>', 'degrain', 'average grain away over time', 'a number from 0 (off) to 1'),
  numeric(PICTURE, '--grain <strength>', 'grain', 'lay fresh film grain over the result', 'a number from 0 (off) to 1'),
  {
    group: PICTURE,
    flags: '--deinterlace <mode>',
    description: `${DEINTERLACE_MODES.join(', ')}; default: what the preset says, else auto`,
    parse: oneOf('--deinterlace', DEINTERLACE_MODES),
  },
  numeric(PICTURE, '--saturation <gain>', 'saturation', 'gain on predicted color', 'a number from 0 to 3'),
  numeric(
    PICTURE,
    '--color-temperature <t>',
    'colorTemperature',
    'vivid (near 0) or muted (1) color',
    'a number above 0 and at most 1',
  ),
  numeric(
    PICTURE,
    '--color-seed <n>',
    'colorSeed',
    'another plausible coloring for another number',
    'a whole number from 0 to 4294967295',
  ),
  {
    group: MODELS,
    flags: '--model <kind=id|file>',
    description: 'another model for denoise, colorize or upscale (`restore models` lists them); repeatable',
    parse: collectModel,
  },
  { group: MODELS, flags: '--yes', description: 'download models of the catalog that are named and not here' },
  {
    group: MODELS,
    flags: '--backend <name>',
    description: `${BACKENDS.join(', ')}; default: onnxruntime; tfjs runs TensorFlow.js models`,
    parse: oneOf('--backend', BACKENDS),
  },
  {
    group: MODELS,
    flags: '--device <id,...>',
    description: 'auto, cpu, webgpu, cuda, ... or several with commas (`restore doctor` lists them); default: auto',
    parse: textFor('--device', 'the name of a device, or several with commas', WORDS),
  },
  {
    group: MODELS,
    flags: '--precision <name>',
    description: `${PRECISIONS.join(', ')}: floats on GPUs; default: auto, 16 bits where they are faster and suffice`,
    parse: oneOf('--precision', PRECISIONS),
  },
  { group: MODELS, flags: '--retune', description: 'measure the devices again (the results are kept between runs)' },
  numeric(MODELS, '--workers <n>', 'workers', 'worker threads; default one a core', 'a whole number from 1 to 256'),
  numeric(
    MODELS,
    '--tile-size <pixels>',
    'tileSize',
    'side of a tile in source pixels; default from memory',
    'a whole number from 32 to 8192',
  ),
  {
    group: MODELS,
    flags: '--no-reuse',
    description: 'compute every part of every picture, changed or not; the result is the same',
  },
  {
    group: OUTPUT,
    flags: '--codec <name>',
    description: 'hevc, h264, av1, prores, ffv1, or an FFmpeg encoder such as hevc_nvenc; default: hevc in 10 bits',
    parse: textFor('--codec', 'the name of a codec', WORD),
  },
  numeric(OUTPUT, '--crf <n>', 'crf', 'quality, lower is better', 'a number from 0 to 63'),
  {
    group: OUTPUT,
    flags: '--encoder-preset <name>',
    description: "the encoder's own speed preset, e.g. slow",
    parse: textFor('--encoder-preset', "the name of one of the encoder's presets", WORD),
  },
  {
    group: SOURCE,
    flags: '--start <time>',
    description: 'begin here: seconds or hh:mm:ss.ms',
    parse: timeFor('--start', { positive: false }),
  },
  {
    group: SOURCE,
    flags: '--duration <time>',
    description: 'restore this much: seconds or hh:mm:ss.ms',
    parse: timeFor('--duration', { positive: true }),
  },
  {
    group: SOURCE,
    flags: '--input-color <matrix[:range]>',
    description: 'what to assume of the source: bt601, bt709, bt2020 with :limited or :full',
    parse: textFor('--input-color', 'a matrix such as bt601 or bt709:full', WORD),
  },
  {
    group: RUN,
    flags: '--workdir <folder>',
    description: 'where finished segments wait; default: beside the output',
    parse: textFor('--workdir', 'a folder'),
  },
  { group: OUTPUT, flags: '--overwrite', description: 'replace an output that exists' },
  { group: RUN, flags: '--fresh', description: 'throw finished segments of an earlier run away' },
  numeric(RUN, '--segment-frames <n>', 'segmentFrames', 'longest segment', 'a whole number of frames from 1 to 100000'),
  numeric(
    RUN,
    '--space-wait <minutes>',
    'spaceWait',
    'how long a full disk is waited for before the run ends; default 30',
    'a number from 0 to 1000000',
  ),
  {
    group: RUN,
    flags: '--cache <size>',
    description:
      'keep what networks made for later runs with other color or encoder options, e.g. 20GB; default: nothing',
    parse: parseBytes,
  },
  {
    group: RUN,
    flags: '--verify <level>',
    description: 'decode all of the output again at the end, or its ends: full, fast; default: full',
    parse: oneOf('--verify', ['full', 'fast']),
  },
  { group: RUN, flags: '--plan', description: 'print what would be done, with time, size and disk need, and stop' },
  { group: RUN, flags: '--json', description: 'print events on stdout, one JSON object a line, and nothing else' },
  {
    group: RUN,
    flags: '--log-level <level>',
    description: `${LOG_LEVELS.join(', ')}; default: info, warn with --json`,
    parse: oneOf('--log-level', LOG_LEVELS),
  },
];

/** The options as commander takes them, under their headings, each refusing a value that makes no sense. */
export function commanderOptions(): Option[] {
  return FLAGS.map(({ group, flags, description, parse }) => {
    const option = new Option(flags, description).helpGroup(group);
    // Commander hands back what the same parser gave, so `previous` has the type that each parser states.
    return parse ? option.argParser(parse as (value: string, previous: unknown) => unknown) : option;
  });
}
