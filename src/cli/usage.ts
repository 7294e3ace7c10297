import type { Command, CommanderError } from 'commander';
import { RestorationError } from '../index.ts';

/** `restore models info`. */
function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

/**
 * Refuses options that stand before the name of a command, which would be dropped without a word, and tells the commands
 * that the command line names. To be called when all commands are there.
 */
export function checkCommands(parent: Command, named: (command: Command) => void): void {
  parent.hook('preSubcommand', (_parent, command) => {
    named(command);
    for (const option of parent.options) {
      if (parent.getOptionValueSource(option.attributeName()) !== 'cli') continue;
      const flag = option.long ?? option.flags;
      const name = fullName(command);
      const orFile = parent.parent === null ? `; a file of that name is written \`./${command.name()}\`` : '';
      if (command.options.some(({ long }) => long === flag)) {
        throw new RestorationError('USAGE', `${flag} goes after \`${command.name()}\`.`, {
          hint: `Write \`${name} ... ${flag}\`${orFile}.`,
        });
      }
      throw new RestorationError('USAGE', `\`${name}\` has no ${flag}.`, {
        hint: `\`${name} --help\` lists its options${orFile}.`,
      });
    }
  });
  for (const command of parent.commands) {
    if (command.commands.length > 0) checkCommands(command, named);
  }
}

/** `restore help`, with the name of a command its help. */
export function addHelpCommand(program: Command): void {
  program
    .command('help')
    .argument('[command...]', 'one of those above')
    .description('show this help, or that of a command')
    .action((names: string[]) => {
      let shown = program;
      for (const name of names) {
        const next = shown.commands.find((command) => command.name() === name);
        if (next === undefined) {
          throw new RestorationError('USAGE', `There is no command ${JSON.stringify(name)}.`, {
            hint: `\`${fullName(shown)} --help\` lists them.`,
          });
        }
        shown = next;
      }
      shown.outputHelp();
    });
}

/** What commander found wrong with the options or arguments of `command`, as one sentence of ours. */
export function usageError(error: CommanderError, command: Command): RestorationError {
  const isProgram = command.parent === null;
  const seeHelp = isProgram
    ? 'See `restore --help` for the options; a file name that begins with a dash goes after "--".'
    : `See \`${fullName(command)} --help\`.`;
  const [problem = '', guess = ''] = error.message.replace(/^error: /, '').split('\n');
  const named = /'(.*?)'/.exec(problem)?.[1] ?? '';
  switch (error.code) {
    case 'commander.missingArgument':
      return isProgram
        ? new RestorationError('USAGE', 'No input is named.', { hint: 'Name a video file, or see `restore --help`.' })
        : new RestorationError('USAGE', `\`${fullName(command)}\` needs <${named}>.`, { hint: seeHelp });
    case 'commander.optionMissingArgument':
      return new RestorationError('USAGE', `${named} needs a value.`, { hint: seeHelp });
    case 'commander.unknownOption': {
      const meant = /Did you mean .*\?/.exec(guess)?.[0];
      return new RestorationError('USAGE', `There is no option ${named}.`, { hint: meant ?? seeHelp });
    }
    default: {
      const sentence = problem.charAt(0).toUpperCase() + problem.slice(1);
      return new RestorationError('USAGE', sentence.endsWith('.') ? sentence : `${sentence}.`, { hint: seeHelp });
    }
  }
}
