import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { EXIT_CODE_MEANINGS } from '../../src/cli/exit-codes.ts';
import { commanderOptions } from '../../src/cli/flags.ts';
import { addWatchCommand } from '../../src/cli/watch.ts';
import { ERROR_CODES, EXIT_CODES, type ErrorCode, type WatchEvent } from '../../src/index.ts';

const read = (name: string): Promise<string> => readFile(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

/** Cells of the rows of all Markdown tables of a text; `\|` inside a cell is a bar. */
const rows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim().replaceAll('\\|', '|')),
    );

test('every option has its row in docs/cli.md', async () => {
  const first = rows(await read('cli.md')).map(([cell = '']) => cell.replaceAll('`', ''));
  const program = new Command();
  const unused = (): never => {
    throw new Error('no command is run here');
  };
  addWatchCommand(program, { signal: new AbortController().signal, print: unused, reporter: unused });
  const watch = program.commands.flatMap((command) => command.options);
  expect([...commanderOptions(), ...watch].map(({ flags }) => flags).filter((flags) => !first.includes(flags))).toEqual(
    [],
  );
});

test('every event of a watched folder has its row in docs/watch.md, and none is forgotten', async () => {
  // The compiler says when this list is not whole.
  const types: Record<WatchEvent['type'], true> = {
    watching: true,
    window: true,
    taken: true,
    restore: true,
    finished: true,
    setback: true,
    failed: true,
    parked: true,
    gone: true,
    waiting: true,
    trouble: true,
    summary: true,
  };
  const section = (await read('watch.md')).split('### Events for programs')[1]?.split('\n## ')[0] ?? '';
  const shown = rows(section).map(([cell = '']) => /^`(\w+)`$/.exec(cell)?.[1]);
  expect(shown.filter((type) => type !== undefined)).toEqual(Object.keys(types));
});

test('the help of watch says how long a full disk is waited for there', () => {
  const program = new Command();
  const unused = (): never => {
    throw new Error('no command is run here');
  };
  addWatchCommand(program, { signal: new AbortController().signal, print: unused, reporter: unused });
  const help = program.commands[0]?.helpInformation() ?? '';
  expect(help).toContain('default: without end');
  expect(help).not.toContain('default 30');
});

test('every exit code has its row in docs/cli.md, and none is forgotten', async () => {
  const shown = rows(await read('cli.md'))
    .filter(([code = '']) => /^\d+$/.test(code))
    .map(([code, meaning]) => [Number(code), meaning]);
  expect(shown).toEqual(EXIT_CODE_MEANINGS);
  expect(EXIT_CODE_MEANINGS.map(([code]) => code)).toEqual(Object.values(EXIT_CODES));
});

describe('docs/errors.md', async () => {
  const documented = new Map(
    rows(await read('errors.md')).map(([code = '', exit = '', ...rest]) => [code.replaceAll('`', ''), { exit, rest }]),
  );

  test.each(Object.keys(ERROR_CODES) as ErrorCode[])(
    'has %s with its exit code, its meaning and what to do',
    (code) => {
      const row = documented.get(code);
      expect(row?.exit).toBe(String(EXIT_CODES[ERROR_CODES[code]]));
      expect(row?.rest).toHaveLength(2);
      for (const cell of row?.rest ?? []) expect(cell).toMatch(/^\S.*\.$/);
    },
  );

  test('names no code that does not exist', () => {
    const codes = [...documented.keys()].filter((code) => /^[A-Z_]+$/.test(code));
    expect(codes.filter((code) => !(code in ERROR_CODES))).toEqual([]);
  });
});
