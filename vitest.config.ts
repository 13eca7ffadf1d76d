import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Those of vitest.aws.config.ts and vitest.localstack.config.ts.
    exclude: [...configDefaults.exclude, 'test/aws/**', 'test/localstack/**'],
    // DuckDB and onnxruntime are native and multi-threaded: processes, not threads.
    pool: 'forks',
    // By default vitest leaves one core idle: half of a small machine.
    maxWorkers: '100%',
    // Of what hangs; how long a thing takes on a busy machine is no failure.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
