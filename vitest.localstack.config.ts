import { defineConfig } from 'vitest/config';

// Tests against LocalStack, which needs Python 3.12 or newer: `scripts/localstack-env.sh` installs it.
export default defineConfig({
  test: {
    include: ['test/localstack/**/*.test.ts'],
    globalSetup: 'test/run-folder.ts',
    // Its two files start an emulator each.
    maxWorkers: 2,
    pool: 'forks',
    testTimeout: 60_000,
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
  },
});
