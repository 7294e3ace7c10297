// Quality of the embedded models, through the code that ships: npm run bench:quality [-- --only sr,cost] [--dry]
import { parseArgs } from 'node:util';
import { publishSection } from '../common/report.ts';
import type { Part } from './part.ts';
import { colorize } from './parts/colorize.ts';
import { damage } from './parts/damage.ts';
import { cost } from './parts/cost.ts';
import { denoise } from './parts/denoise.ts';
import { eye } from './parts/eye.ts';
import { grain } from './parts/grain.ts';
import { oldFootage } from './parts/old-footage.ts';
import { superResolution } from './parts/super-resolution.ts';
import { temporal } from './parts/temporal.ts';
import { Shipped } from './shipped.ts';

const PARTS: readonly Part[] = [superResolution, denoise, oldFootage, eye, colorize, temporal, grain, damage, cost];

const { values } = parseArgs({
  options: { only: { type: 'string' }, dry: { type: 'boolean' }, help: { type: 'boolean' } },
});

const wanted = values.only?.split(',');
const unknown = wanted?.find((name) => !PARTS.some((part) => part.name === name));
if (values.help === true || unknown !== undefined) {
  if (unknown !== undefined) console.error(`There is no part called ${unknown}.`);
  console.error('npm run bench:quality [-- [--only PART,...] [--dry]]   --dry leaves RESULTS.md as it is');
  for (const { name, summary } of PARTS) console.error(`  ${name.padEnd(10)}${summary}`);
  process.exit(unknown === undefined ? 0 : 2);
}

const command = `npm run bench:quality${wanted ? ` -- --only ${wanted.join(',')}` : ''}`;
const shipped = await Shipped.open();
try {
  for (const part of PARTS.filter(({ name }) => wanted?.includes(name) ?? true)) {
    const progress = (text: string): void => console.error(`${part.name}: ${text}`);
    await publishSection(await part.run({ shipped, progress }), command, values.dry !== true);
  }
} finally {
  await shipped.close();
}
