import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ffmpeg } from '../fixtures/media/run.ts';
import { frameHashes, restoreAll } from './helpers.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'segment-end-'));
afterAll(() => rm(folder, { recursive: true }));

/** Is ffmpeg, but takes its time over the end of the first segment, and dies over the second once. */
const program = path.join(folder, 'ffmpeg');
writeFileSync(
  program,
  `#!/bin/sh
case "$*" in
  *segment-000000*) ffmpeg "$@"; code=$?; sleep 4; exit $code;;
  *segment-000001*) if mkdir '${folder}/died' 2>/dev/null; then head -c 20000 >/dev/null; exit 1; fi;;
esac
exec ffmpeg "$@"
`,
);
chmodSync(program, 0o755);
process.env['FFMPEG_PATH'] = program;

test('a segment that fails is tried again, and the one before it, which is about to end, is finished', async () => {
  const [input, output] = [path.join(folder, 'film.mkv'), path.join(folder, 'result.mkv')];
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=10:duration=1.2', '-c:v', 'ffv1', input);
  const events = await restoreAll({ input, output, preset: 'none', codec: 'ffv1', segmentFrames: 4 });
  const told = events.flatMap((event) => (event.type === 'segment' ? [`${event.index} ${event.state}`] : []));
  expect(told).toEqual(['0 done', '1 retry', '1 done', '2 done']);
  expect(await frameHashes(output)).toEqual(await frameHashes(input));
});
