import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Those of vitest.aws.config.ts.
    exclude: [...configDefaults.exclude, 'test/aws/**'],
    // DuckDB and onnxruntime are native and multi-threaded: processes, not threads, and no more than the cores.
    pool: 'forks',
    testTimeout: 30_000,
  },
});
