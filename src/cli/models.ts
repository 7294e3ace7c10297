import type { Command } from 'commander';
import {
  addModel,
  describeModel,
  EXIT_CODES,
  listLibrary,
  MODEL_KINDS,
  RestorationError,
  removeModel,
  verifyModels,
  type ModelListing,
} from '../index.ts';
import { pullOne } from './pull.ts';
import type { Reporter } from './reporter.ts';
import { formatBytes, formatTable, quoteName } from './text.ts';
import { oneOf, textFor } from './values.ts';
import type { CommandEnvironment } from './watch.ts';

interface ModelsEnvironment extends CommandEnvironment {
  /** Sets the exit code of a command that ends without an error. */
  readonly done: (code: number) => void;
}

interface JsonFlag {
  readonly json?: boolean;
}

/** Adds `restore models` and what belongs to it. */
export function addModelsCommand(program: Command, env: ModelsEnvironment): void {
  const models = program
    .command('models')
    .description('list the models: embedded, installed, and those that can be downloaded')
    .enablePositionalOptions()
    .option('--json', 'print one JSON object a line')
    .action((flags: JsonFlag) => list(flags, env));
  const subcommand = (name: string, description: string): Command =>
    models.command(name).description(description).option('--json', 'print one JSON object a line');
  subcommand('list', 'the same').action((flags: JsonFlag) => list(flags, env));
  subcommand('info', 'everything about a model')
    .argument('<name|file>', 'a name that is listed, or an .onnx file')
    .action((name: string, flags: JsonFlag) => info(name, flags, env));
  subcommand('pull', 'download models of the catalog')
    .argument('<names...>', 'names that are listed as available')
    .action((names: string[], flags: JsonFlag) =>
      pull(names, env.reporter(flags.json === true, undefined), env, flags),
    );
  subcommand('verify', 'read weights again and compare their sums')
    .argument('[names...]', 'default: all that are here')
    .action((names: string[], flags: JsonFlag) => verify(names, flags, env));
  subcommand('add', 'copy a model file of your own to where --model finds it by name')
    .argument('<file>', 'an .onnx file')
    .option('--name <name>', "what to call it; default: the file's name", textFor('--name', 'a name'))
    .option('--kind <kind>', 'what it is for; default: what fits the file', oneOf('--kind', MODEL_KINDS))
    .action((file: string, flags: AddFlags) => add(file, flags, env));
  subcommand('remove', 'remove a model that was pulled or added')
    .argument('<names...>', 'names that are listed as installed or added')
    .action((names: string[], flags: JsonFlag) => remove(names, flags, env));
}

const PLACES = { embedded: 0, added: 1, installed: 2, available: 3 } as const;

async function list(flags: JsonFlag, { print }: ModelsEnvironment): Promise<void> {
  const models = (await listLibrary()).sort((a, b) => PLACES[a.place] - PLACES[b.place]);
  if (flags.json === true) {
    for (const model of models) print(JSON.stringify(model));
    return;
  }
  const rows = models.map((model) => [
    model.place,
    model.kind ?? '',
    quoteName(model.id),
    model.kind === 'upscale' && model.scale !== undefined ? `x${model.scale}` : '',
    model.sizeBytes === undefined ? '?' : formatBytes(model.sizeBytes),
    model.licence ?? '?',
    model.problem === undefined ? model.title : `DAMAGED: ${model.problem}`,
  ]);
  for (const line of formatTable([['WHERE', 'KIND', 'NAME', 'SCALE', 'SIZE', 'LICENCE', 'TITLE'], ...rows]))
    print(line);
}

const WHERE: Readonly<Record<ModelListing['place'], string>> = {
  embedded: 'embedded: part of the program',
  installed: 'installed: downloaded from the catalog',
  added: 'added: a file of your own',
  available: 'available: known, but not on this machine',
};

function sumText({ sha256, pinned, place }: ModelListing): string {
  if (sha256 === undefined) return 'not known: what comes first is pinned';
  return pinned && place !== 'available' ? `${sha256} (pinned when it first came)` : sha256;
}

const unknown = (name: string): RestorationError =>
  new RestorationError('MODEL_UNKNOWN', `There is no model called ${JSON.stringify(name)}.`, {
    hint: '`restore models` lists them all.',
  });

/** Nobody has said which kind of model it would be. */
async function describeOrUnknown(nameOrFile: string): ReturnType<typeof describeModel> {
  try {
    return await describeModel(nameOrFile);
  } catch (error) {
    const isName = !/[\\/.]/.test(nameOrFile);
    throw isName && error instanceof RestorationError && error.code === 'MODEL_UNKNOWN' ? unknown(nameOrFile) : error;
  }
}

/** A listed model, or what looking at a file shows. */
async function info(name: string, flags: JsonFlag, { print }: ModelsEnvironment): Promise<void> {
  const listed = (await listLibrary()).find(({ id }) => id === name);
  const usable = listed?.place !== 'available' && listed?.problem === undefined;
  // Looked at again: the weights are checked, and a file is opened and tried.
  const description = usable ? await describeOrUnknown(listed?.path ?? name) : undefined;
  if (flags.json === true) {
    print(JSON.stringify({ ...listed, ...description }));
    return;
  }
  const model = listed ?? description?.manifest;
  const rows: (readonly [string, string | undefined])[] = [
    ['name', quoteName(model?.id ?? name)],
    ['where', listed && WHERE[listed.place]],
    ['kind', model?.kind],
    ['title', model?.title],
    ['does', description?.text ?? listed?.adapter],
    ['scale', model?.kind !== 'upscale' || model.scale === undefined ? undefined : `x${model.scale}`],
    ['size', model?.sizeBytes === undefined ? 'not known' : formatBytes(model.sizeBytes)],
    ['licence', model?.licence],
    ['author', listed?.author],
    ['homepage', listed?.homepage],
    ['sha256', listed ? sumText(listed) : description?.sha256],
    ['from', listed?.from],
    ['file', quoteName(description?.path ?? listed?.path ?? '')],
    ['problem', listed?.problem],
    ['use', useOf(name, listed, description?.manifest.kind)],
  ];
  for (const line of formatTable(
    rows.flatMap(([what, text]) => (text === undefined || text === '""' ? [] : [[what, text]])),
  )) {
    print(line);
  }
}

function useOf(name: string, listed: ModelListing | undefined, kind: string | undefined): string | undefined {
  if (listed?.place === 'available') return `restore models pull ${listed.id}`;
  return kind === undefined ? undefined : `--model ${kind}=${quoteName(name)}`;
}

/** Downloads in turn; the reporter draws how far each is. */
async function pull(
  names: readonly string[],
  reporter: Reporter,
  env: ModelsEnvironment,
  flags: JsonFlag,
): Promise<void> {
  for (const name of names) {
    const pulled = await pullOne(name, reporter, env.signal);
    if (flags.json === true) env.print(JSON.stringify({ type: 'installed', ...pulled }));
  }
}

async function verify(names: readonly string[], flags: JsonFlag, { print, done }: ModelsEnvironment): Promise<void> {
  const verdicts = await verifyModels(names);
  const lines =
    flags.json === true
      ? verdicts.map((verdict) => JSON.stringify({ ...verdict, ok: verdict.problem === undefined }))
      : formatTable(
          verdicts.map(({ model, place, problem }) => [
            problem === undefined ? 'ok' : 'DAMAGED',
            quoteName(model),
            place,
            ...(problem === undefined ? [] : [problem]),
          ]),
        );
  for (const line of lines) print(line);
  if (verdicts.some(({ problem }) => problem !== undefined)) done(EXIT_CODES.unavailable);
}

interface AddFlags extends JsonFlag {
  readonly name?: string;
  readonly kind?: (typeof MODEL_KINDS)[number];
}

async function add(file: string, flags: AddFlags, { print }: ModelsEnvironment): Promise<void> {
  const model = await addModel(file, { name: flags.name, kind: flags.kind });
  if (flags.json === true) print(JSON.stringify(model));
  else print(`Added ${model.id}. Use it with --model ${model.kind ?? 'upscale'}=${model.id}`);
}

async function remove(names: readonly string[], flags: JsonFlag, { print }: ModelsEnvironment): Promise<void> {
  const all = await listLibrary();
  // Before the first is removed: one wrong name must not leave half of the work done.
  const wrong = names.find((name) => !all.some(({ id }) => id === name));
  if (wrong !== undefined) throw unknown(wrong);
  for (const name of names) {
    const removed = await removeModel(name);
    print(flags.json === true ? JSON.stringify({ removed: removed.id }) : `Removed ${removed.id}.`);
  }
}
