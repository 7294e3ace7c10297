import { execFileSync } from 'node:child_process';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import path from 'node:path';
import { REPOSITORY } from './data.ts';

const RESULTS = path.join(REPOSITORY, 'bench', 'RESULTS.md');
const HEAD = `# Measured results

Each section is written by the command that it names; nothing here is typed in by hand.
`;

/** A table with a heading and remarks: what one part of a benchmark found. */
export interface Section {
  /** Marks the section in the file, so that a later run replaces it and no other. */
  readonly id: string;
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Sentences under the table: protocol, what was skipped and why. */
  readonly notes: readonly string[];
}

/** Markdown, with columns padded so that the same text reads well in a terminal. The first column is left-aligned. */
export function renderTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((name, i) => Math.max(3, name.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, i) => (i === 0 ? (cells[i] ?? '').padEnd(width) : (cells[i] ?? '').padStart(width))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(columns), rule, ...rows.map(line)].join('\n');
}

function gitCommit(): string {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { cwd: REPOSITORY, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const dirty = git('status', '--porcelain', '--untracked-files=no', '--', 'src', 'models', 'bench/quality') !== '';
    return `${git('rev-parse', '--short=10', 'HEAD')}${dirty ? ' with uncommitted changes' : ''}`;
  } catch {
    return 'unknown';
  }
}

/** Where and when a figure was measured. */
function provenance(command: string): string {
  const processor = cpus()[0]?.model.trim() ?? 'unknown processor';
  const date = new Date().toISOString().slice(0, 16).replace('T', ' ');
  return `\`${command}\`, ${date} UTC, ${processor}, ${availableParallelism()} cores, Node ${process.versions.node}, commit ${gitCommit()}`;
}

export function renderSection(section: Section, command: string): string {
  const parts = [`## ${section.title}`, provenance(command)];
  if (section.rows.length > 0) parts.push(renderTable(section.columns, section.rows));
  if (section.notes.length > 0) parts.push(section.notes.map((note) => `- ${note}`).join('\n'));
  return parts.join('\n\n');
}

/** `text` with the section of this id replaced, or added at the end; what others wrote stays as it is. */
export function replaceSection(text: string, id: string, body: string): string {
  const [begin, end] = [`<!-- begin ${id} -->`, `<!-- end ${id} -->`];
  const block = `${begin}\n\n${body}\n\n${end}`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) return `${text.trimEnd()}\n\n${block}\n`;
  return text.slice(0, from) + block + text.slice(to + end.length);
}

/** Prints a section and keeps it in RESULTS.md. A section without rows (all was skipped) is only printed. */
export async function publishSection(section: Section, command: string, write = true): Promise<void> {
  const body = renderSection(section, command);
  process.stdout.write(`\n${body}\n`);
  if (!write || section.rows.length === 0) return;
  const old = await readFile(RESULTS, 'utf8').catch(() => HEAD);
  const temporary = `${RESULTS}.${process.pid}.tmp`;
  await writeFile(temporary, replaceSection(old, section.id, body));
  await rename(temporary, RESULTS);
}

export const fixed = (value: number | undefined, digits: number): string =>
  value === undefined || Number.isNaN(value) ? '' : value.toFixed(digits);

/** How a figure stands to what it must and should be, where more is better. */
export function verdict(value: number, must: number, aim: number): string {
  if (value >= aim) return 'aim reached';
  return value >= must ? 'met' : 'missed';
}

/** The same where less is better. */
export const verdictBelow = (value: number, must: number, aim: number): string => verdict(-value, -must, -aim);
