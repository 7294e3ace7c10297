import type { Command, Option } from 'commander';
import { restoreOptionsSchema, watchFolder, type FilmSettings, type WatchEvent } from '../index.ts';
import { commanderOptions, type LogLevel } from './flags.ts';
import { pullMissing } from './pull.ts';
import type { Reporter } from './reporter.ts';
import { optionsForInputs, type Flags } from './settings.ts';
import { formatWait, quoteName } from './text.ts';
import { badValue, textFor, wholeNumberIn } from './values.ts';

/** What the commands of the batch part need of the program around them. */
export interface CommandEnvironment {
  readonly signal: AbortSignal;
  /** One line of a result. */
  readonly print: (line: string) => void;
  /** A reporter for the chosen form of output; replaces the program's own. */
  readonly reporter: (json: boolean, level: LogLevel | undefined) => Reporter;
}

/** Options of one film that make no sense for whatever is dropped, or that the watched folder decides itself. */
const NOT_HERE = ['output', 'overwrite', 'fresh', 'workdir', 'plan', 'start', 'duration', 'cache'];

interface WatchFlags extends Flags {
  readonly window?: string;
  readonly until?: string;
  readonly once?: boolean;
  readonly poll?: boolean;
  readonly notify?: string;
  readonly settle?: number;
  readonly attempts?: number;
  readonly timeZone?: string;
}

const FOLDER = 'Folder:';

function numberIn(flag: string, least: number, most: number): (value: string) => number {
  return (value) => {
    const number = /^\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw badValue(flag, `a number from ${least} to ${most}`, value);
  };
}

/** Adds `restore watch FOLDER`. */
export function addWatchCommand(program: Command, env: CommandEnvironment): void {
  const command = program
    .command('watch')
    .argument('<folder>', 'folder that holds inbox, working, done and failed')
    .description('restore what is dropped into a folder, at night if asked')
    .optionsGroup(FOLDER)
    .option(
      '-o, --output <folder>',
      'where results go; default: done, beside their sources',
      textFor('--output', 'a folder'),
    )
    .option(
      '--window <from-to>',
      'work only then, e.g. 22:00-07:00',
      textFor('--window', 'a window such as 22:00-07:00'),
    )
    .option(
      '--until <time>',
      'end at that time; begin only what can be done by then, shortest first',
      textFor('--until', 'a time such as 07:00'),
    )
    .option('--once', 'end when nothing is left to do')
    .option('--poll', 'look for files instead of waiting to be told; the default on network shares')
    .option(
      '--settle <seconds>',
      'take a file that has not changed for so long; default: 10',
      numberIn('--settle', 0.1, 86_400),
    )
    .option('--attempts <n>', 'attempts at a film; default: 3', wholeNumberIn('--attempts', 1, 100))
    .option(
      '--time-zone <name>',
      "zone of --window and --until, e.g. Europe/Berlin; default: the machine's",
      textFor('--time-zone', 'a time zone'),
    )
    .option(
      '--notify <command|url>',
      'told the summary at the end of a night: on stdin, or as a POST',
      textFor('--notify', 'a command or a URL'),
    );
  for (const option of filmOptions()) command.addOption(option);
  command.action((folder: string, flags: WatchFlags) => runWatch(folder, flags, env));
}

function filmOptions(): Option[] {
  const options = commanderOptions().filter((option) => !NOT_HERE.includes(option.attributeName()));
  const spaceWait = options.find((option) => option.attributeName() === 'spaceWait');
  if (spaceWait)
    spaceWait.description = 'minutes that a full disk is waited for at a time, 0 to 1000000; default: without end';
  return options;
}

async function runWatch(folder: string, flags: WatchFlags, env: CommandEnvironment): Promise<void> {
  const reporter = env.reporter(flags.json === true, flags.logLevel);
  const { output, window, until, once, poll, notify, attempts, timeZone } = flags;
  const options = {
    folder,
    settings: settingsOf(flags),
    output,
    window,
    until,
    once,
    poll,
    notify,
    attempts,
    timeZone,
    settleSeconds: flags.settle,
  };
  await pullMissing(flags, reporter, env.signal);
  await watchFolder(withoutUndefined(options), {
    signal: env.signal,
    onEvent:
      flags.json === true ? (event) => env.print(JSON.stringify(event)) : (event) => tell(event, reporter, timeZone),
  });
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

const withoutUndefined = <T extends object>(values: T): Defined<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;

/** The film's part of the flags, under the API's names. */
function settingsOf(flags: Flags): FilmSettings {
  const [options] = optionsForInputs(['film'], flags);
  const known = Object.keys(restoreOptionsSchema.shape).filter((key) => key !== 'input' && !NOT_HERE.includes(key));
  return Object.fromEntries(Object.entries(options ?? {}).filter(([key]) => known.includes(key)));
}

/** With these nothing is done to a film any more, for now. */
const ENDS = new Set<WatchEvent['type']>(['finished', 'setback', 'failed', 'parked', 'gone', 'waiting']);

/** `Fri 27 Nov, 22:00`, by the clock that the window is in. */
function formatMoment(time: string, timeZone: string | undefined): string {
  const zone = timeZone === undefined ? {} : { timeZone };
  const format = { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' } as const;
  const text = new Intl.DateTimeFormat('en-GB', { ...format, ...zone }).format(new Date(time));
  return timeZone === undefined ? text : `${text} (${timeZone})`;
}

/**
 * One line an event for people; what happens inside a film is told as `restore FILM` tells it. `timeZone` is that of the window,
 * where it is not the machine's.
 */
export function tell(event: WatchEvent, reporter: Reporter, timeZone?: string): void {
  if (ENDS.has(event.type)) reporter.idle();
  switch (event.type) {
    case 'watching':
      reporter.notice(`Watching ${quoteName(event.folder)}${event.polling ? ' (looking, not listening)' : ''}.`);
      break;
    case 'window':
      reporter.notice(`The window is ${event.open ? 'open' : 'closed'} until ${formatMoment(event.until, timeZone)}.`);
      break;
    case 'taken':
      reporter.notice(`${quoteName(event.film)}: ${event.attempt === 1 ? 'taken' : `attempt ${event.attempt}`}.`);
      break;
    case 'restore':
      reporter.event(event.event);
      break;
    case 'finished':
      reporter.notice(`${quoteName(event.film)}: done, in ${quoteName(event.output)}.`);
      break;
    case 'setback':
      reporter.notice(`${quoteName(event.film)}: ${event.message} Again in ${formatWait(event.againSeconds)}.`);
      break;
    case 'failed':
      reporter.notice(`${quoteName(event.film)}: failed: ${event.message} It lies in ${quoteName(event.source)}.`);
      break;
    case 'parked':
      reporter.notice(`${quoteName(event.film)}: parked: ${event.reason}`);
      break;
    case 'gone':
      reporter.notice(`${quoteName(event.film)}: taken out of the inbox.`);
      break;
    case 'waiting':
      reporter.notice(`${quoteName(event.film)}: waits: ${event.reason}`);
      break;
    case 'trouble':
      reporter.notice(`warning: ${event.message}`);
      break;
    case 'summary': {
      const { done, failed, left } = event.summary;
      const [text] = event.files;
      const see = text === undefined ? '' : `; see ${quoteName(text)}`;
      reporter.notice(`${done.length} done, ${failed.length} failed, ${left.length} left${see}.`);
      break;
    }
  }
}
