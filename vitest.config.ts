import { defineConfig } from 'vitest/config';

/** `.ci/run` reads the counts from this file; nobody else needs it. */
const report = process.env['VITEST_JSON'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Tests start programs and worker threads: a process each keeps a crash in native code inside its own file.
    pool: 'forks',
    // Each of them starts ffmpeg and workers of its own; more files at once only wait for each other.
    maxWorkers: 2,
    // Generous, because machines are shared: a timeout says that something hangs, not that it is slow.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    teardownTimeout: 20_000,
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
});
