import { inspectSystem, RestorationError, type SystemReport } from '../index.ts';
import { formatBytes, formatTable, quoteName, wrap } from './text.ts';

/** FAILS: it is there, and runs go on without it. */
type Mark = 'ok' | 'absent' | 'FAILS' | 'MISSING';

interface Finding {
  readonly mark: Mark;
  readonly what: string;
  readonly text: string;
  /** What helps; under the table, so that commands can be copied. */
  readonly help?: string | undefined;
}

const TEXT_WIDTH = 90;
/** A minute of 4K in the default encoding is some hundred megabytes; below this a run soon ends with a full disk. */
const LITTLE_SPACE_BYTES = 2e9;

function failed(what: string, error: RestorationError): Finding {
  return { mark: 'MISSING', what, text: error.message, help: error.hint };
}

function ffmpegFindings({ ffmpeg }: SystemReport): Finding[] {
  if (ffmpeg instanceof RestorationError) return [failed('ffmpeg', ffmpeg)];
  return [
    { mark: 'ok', what: 'ffmpeg', text: `${ffmpeg.version.join('.')}, ${quoteName(ffmpeg.ffmpeg)}` },
    { mark: 'ok', what: 'ffprobe', text: quoteName(ffmpeg.ffprobe) },
  ];
}

/** The default encoding needs the first; the others are for those who ask for them. */
function encoderFindings({ encoders }: SystemReport): Finding[] {
  const findings = encoders
    .filter(({ hardware }) => !hardware)
    .map(({ encoder, codec, builtIn }): Finding => {
      const what = `encoder ${encoder}`;
      if (builtIn) return { mark: 'ok', what, text: `--codec ${codec}` };
      const needed = codec === 'hevc';
      return {
        mark: needed ? 'MISSING' : 'absent',
        what,
        text: `--codec ${codec}: this ffmpeg was built without it`,
        help: needed ? `Install an ffmpeg with ${encoder} (that of Debian, Homebrew and winget has it).` : undefined,
      };
    });
  const hardware = encoders.filter((encoder) => encoder.hardware).map(({ encoder }) => encoder);
  if (hardware.length === 0) return findings;
  const text = `built in; whether their devices are there shows when they are asked for: ${hardware.join(', ')}`;
  return [...findings, { mark: 'ok', what: 'hardware', text }];
}

/** Nothing but the CPU has to be there: other devices make a run faster, not possible. */
function deviceFindings({ devices, measuredWith }: SystemReport): Finding[] {
  const cpu = devices.find(({ id }) => id === 'cpu')?.tuning?.pixelsPerSecond;
  return devices.map(({ id, name, available, reason, hint, tuning, problem }): Finding => {
    const what = `device ${id}`;
    if (!available) return { mark: id === 'cpu' ? 'MISSING' : 'absent', what, text: reason ?? name, help: hint };
    if (problem) return { mark: id === 'cpu' ? 'MISSING' : 'FAILS', what, text: problem.message, help: problem.hint };
    if (!tuning) return { mark: 'ok', what, text: name };
    const floats = tuning.floats === 'fp16' ? ' in 16-bit floats' : '';
    const speed = `${(tuning.pixelsPerSecond / 1e6).toPrecision(2)} megapixels/s with ${measuredWith?.id ?? ''}${floats}`;
    const compared =
      id === 'cpu' || cpu === undefined
        ? 'the reference'
        : `${(tuning.pixelsPerSecond / cpu).toPrecision(2)} x the CPU, largest error ${tuning.deviation.toExponential(0)}`;
    return { mark: 'ok', what, text: `${name}: ${speed}, ${compared}` };
  });
}

function modelFindings({ models }: SystemReport): Finding[] {
  if (models.length === 0) {
    return [{ mark: 'MISSING', what: 'models', text: 'There are none.', help: 'Install the package again.' }];
  }
  return models.map(({ model, problem }) =>
    problem === undefined
      ? {
          mark: 'ok',
          what: `model ${model.id}`,
          text: `${formatBytes(model.sizeBytes)}, weights as they should be`,
        }
      : failed(`model ${model.id}`, problem),
  );
}

function diskFinding({ freeBytes }: SystemReport): Finding {
  const text = `${formatBytes(freeBytes)} free here`;
  return freeBytes >= LITTLE_SPACE_BYTES
    ? { mark: 'ok', what: 'disk', text }
    : {
        mark: 'absent',
        what: 'disk',
        text: `${text}: little for video`,
        help: 'Free some space, or use --workdir and -o elsewhere.',
      };
}

/** `restore doctor`: what is there and what is not, one line each; `healthy` when a run with the defaults can work. */
export async function doctorReport(): Promise<{ readonly lines: readonly string[]; readonly healthy: boolean }> {
  const report = await inspectSystem();
  const findings: Finding[] = [
    { mark: 'ok', what: 'node', text: process.versions.node },
    ...ffmpegFindings(report),
    ...encoderFindings(report),
    ...deviceFindings(report),
    ...modelFindings(report),
    diskFinding(report),
  ];
  const lines = formatTable(
    findings.flatMap(({ mark, what, text, help }) => [
      ...wrap(text, TEXT_WIDTH).map((line, i) => (i === 0 ? [mark, what, line] : ['', '', line])),
      ...(help === undefined
        ? []
        : wrap(help, TEXT_WIDTH).map((line, i) => ['', '', `${i === 0 ? '-> ' : '   '}${line}`])),
    ]),
  );
  return { lines, healthy: !findings.some(({ mark }) => mark === 'MISSING') };
}
