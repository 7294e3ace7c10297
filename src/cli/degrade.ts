import type { Command } from 'commander';
import { degradeMedia, listDegradations, RestorationError } from '../index.ts';
import type { CommandEnvironment } from './watch.ts';
import { wholeNumberIn } from './values.ts';

interface DegradeFlags {
  readonly op?: string[];
  readonly seed: number;
  readonly overwrite?: boolean;
}

const DEFAULT_OPERATIONS = ['grain=0.4', 'dust=0.3', 'scratches=0.3', 'weave=0.3', 'flicker=0.3', 'orthochromatic=1'];

/** Adds `restore degrade`: the way back, for making test footage. */
export function addDegradeCommand(program: Command, env: Pick<CommandEnvironment, 'print' | 'signal'>): void {
  program
    .command('degrade')
    .description('make a good film or picture old, to try restorations on (needs Python 3 with numpy and Pillow)')
    .argument('[input]', 'film or picture')
    .argument('[output]', 'where the result goes')
    .option(
      '--op <name=strength>',
      `a degradation and its strength 0..1, again for more, in this order; default: ${DEFAULT_OPERATIONS.join(' ')}`,
      (value: string, before: string[] | undefined) => [...(before ?? []), value],
    )
    .option('--seed <n>', 'the same seed gives the same damage', wholeNumberIn('--seed', 0, 999_999_999), 1)
    .option('--overwrite', 'replace the output if it is there')
    .action(async (input: string | undefined, output: string | undefined, flags: DegradeFlags) => {
      if (input === undefined) {
        env.print(`Degradations: ${(await listDegradations()).join(', ')}`);
        env.print('Usage: restore degrade INPUT OUTPUT --op grain=0.5 --op scratches=0.3 --seed 1');
        return;
      }
      if (output === undefined) {
        throw new RestorationError('USAGE', 'No output is named.', {
          hint: 'Write `restore degrade INPUT OUTPUT`, or see `restore degrade --help`.',
        });
      }
      const operations = flags.op ?? DEFAULT_OPERATIONS;
      const { seed, overwrite = false } = flags;
      await degradeMedia({ input, output, operations, seed, overwrite, signal: env.signal });
      env.print(`wrote ${output}: ${operations.join(', ')}; seed ${seed}`);
    });
}
