import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // DuckDB and onnxruntime are native and multi-threaded: processes, not threads, and no more than the cores.
    pool: 'forks',
    testTimeout: 30_000,
  },
});
