import { configDefaults, defineConfig } from 'vitest/config';

/**
 * `npm test` runs the project `unit`: every `test/<room>/**.test.ts`, so a new file there needs no entry here. The two
 * others have a command each:
 *
 * - `npm run test:process`: `test/process`, tests that start real processes, kill them and send them signals;
 * - `npm run test:proof`: `test/proof`, exhaustive searches and statistics over many runs.
 *
 * One file, of whatever project, takes a second or two: `npx vitest run test/config/units.test.ts`. Files that use the
 * built command or kernels need one `npm run build` before.
 */
export default defineConfig({
  test: {
    // DuckDB and onnxruntime are native and multi-threaded: processes, not threads.
    pool: 'forks',
    // By default vitest leaves one core idle: half of a small machine.
    maxWorkers: '100%',
    // These end a test that hangs; how long a test takes on a busy machine is no failure.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [
            ...configDefaults.exclude,
            'test/process/**',
            'test/proof/**',
            // Those of vitest.aws.config.ts and vitest.localstack.config.ts.
            'test/aws/**',
            'test/localstack/**',
          ],
        },
      },
      { extends: true, test: { name: 'process', include: ['test/process/**/*.test.ts'] } },
      { extends: true, test: { name: 'proof', include: ['test/proof/**/*.test.ts'] } },
    ],
  },
});
