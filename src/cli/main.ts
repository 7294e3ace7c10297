#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { EXIT_CODES, packageVersion, RestorationError, toRestorationError } from '../index.ts';
import { addDegradeCommand } from './degrade.ts';
import { doctorReport } from './doctor.ts';
import { addJobsCommand } from './jobs.ts';
import { presetLines } from './commands.ts';
import { EXIT_CODE_MEANINGS } from './exit-codes.ts';
import { commanderOptions, type LogLevel } from './flags.ts';
import { createJsonLog, createTextLog } from './log.ts';
import { addModelsCommand } from './models.ts';
import { JsonReporter, TextReporter, type Reporter } from './reporter.ts';
import { runRestore } from './run.ts';
import { Screen } from './screen.ts';
import type { Flags } from './settings.ts';
import { isReaderGone, leave, printingFailed, READER_GONE, watchSignals } from './stop.ts';
import { addHelpCommand, checkCommands, usageError } from './usage.ts';
import { addWatchCommand } from './watch.ts';

const EXAMPLES = `
Examples:
  restore film.mp4 --colorize --upscale 4
  restore *.mkv --preset vhs --to 1080p -o restored/
  restore film.mp4 --to 4k --plan
  restore -- -odd-name.mp4

A name that begins with a dash goes after "--". A file called like a command (watch, jobs, presets, models, doctor, degrade, help) is
written ./presets.
`;

function exitCodeTable(): string {
  const rows = EXIT_CODE_MEANINGS.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`);
  return ['Exit codes:', ...rows].join('\n');
}

/** Whether a flag is there, for what has to be known before (or without) a successful parse of the command line. */
function givenBefore(args: readonly string[], flag: string): boolean {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).includes(flag);
}

function createReporter(json: boolean, level: LogLevel | undefined): Reporter {
  if (json) {
    const log = createJsonLog(level ?? 'warn', (text) => process.stderr.write(text));
    return new JsonReporter(log, (text) => process.stdout.write(text));
  }
  const chosen = level ?? 'info';
  const live = process.stderr.isTTY && process.env['TERM'] !== 'dumb' && chosen === 'info';
  const screen = new Screen(process.stderr, { live });
  return new TextReporter(
    createTextLog(chosen, (line) => screen.line(line)),
    screen,
  );
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Waits until what was written has left the process; a reader that is gone is no reason to wait. */
async function flush(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.destroyed) continue;
    await new Promise<void>((resolve) => {
      stream.once('error', () => resolve());
      stream.write('', () => resolve());
    });
  }
}

function buildProgram(
  run: (inputs: readonly string[], flags: Flags) => Promise<void>,
  done: (code: number) => void,
): Command {
  const program = new Command('restore')
    .description('Restores old films and TV: denoise, colorize and upscale, with every stream, timestamp and tag kept.')
    .argument('<inputs...>', 'video files')
    .usage('INPUT... [options]\n       restore watch | jobs | presets | models | doctor | degrade | help')
    .version(packageVersion(), '--version', 'print the version')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, outputError: () => undefined })
    .configureHelp({ helpWidth: 110 })
    .addHelpText('after', `\n${exitCodeTable()}\n${EXAMPLES}`)
    .action((inputs: string[], flags: Flags) => run(inputs, flags));
  for (const option of commanderOptions()) program.addOption(option);
  program
    .command('presets')
    .description('list the presets')
    .action(async () => {
      for (const line of await presetLines()) print(line);
    });
  program
    .command('doctor')
    .description('look at everything a run needs, and say what is missing and the command that brings it')
    .action(async () => {
      const { lines, healthy } = await doctorReport();
      for (const line of lines) print(line);
      if (!healthy) done(EXIT_CODES.unavailable);
    });
  // Subcommands made after exitOverride and configureOutput inherit both.
  return program;
}

async function main(args: readonly string[]): Promise<number> {
  let exitCode: number = EXIT_CODES.done;
  let reporter = createReporter(givenBefore(args, '--json'), undefined);
  const controller = watchSignals(() => reporter.notice('Stopping; once more ends at once.'));
  process.stdout.on('error', (error: Error) =>
    controller.abort(isReaderGone(error) ? READER_GONE : printingFailed(error)),
  );
  // Nobody can be told that the place for telling is gone.
  process.stderr.on('error', () => undefined);
  const program = buildProgram(
    async (inputs, flags) => {
      reporter = createReporter(flags.json === true, flags.logLevel);
      exitCode = await runRestore(inputs, flags, { reporter, signal: controller.signal, print });
    },
    (code) => (exitCode = code),
  );
  const environment = {
    signal: controller.signal,
    print,
    reporter: (json: boolean, level: LogLevel | undefined) => (reporter = createReporter(json, level)),
  };
  addWatchCommand(program, environment);
  addModelsCommand(program, { ...environment, done: (code) => (exitCode = code) });
  addJobsCommand(program, { print });
  addDegradeCommand(program, { print, signal: controller.signal });
  addHelpCommand(program);
  let command = program;
  checkCommands(program, (named) => (command = named));
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (caught) {
    // Help and version end so.
    if (!(caught instanceof CommanderError && caught.exitCode === 0)) {
      const error = caught instanceof CommanderError ? usageError(caught, command) : toRestorationError(caught);
      if (error !== READER_GONE) reporter.failure(error, undefined);
      exitCode = error.exitCode;
    }
  }
  await flush();
  // Commands that print at their end hear of it too late.
  const stop: unknown = controller.signal.reason;
  if (stop instanceof RestorationError && stop.code !== 'STOPPED' && exitCode !== stop.exitCode) {
    reporter.failure(stop, undefined);
    if (exitCode === EXIT_CODES.done) exitCode = stop.exitCode;
    await flush();
  }
  return exitCode;
}

const exitCode = await main(process.argv.slice(2));
// Not process.exitCode: a child that a failed part left behind must not keep the program alive.
await leave(exitCode);
