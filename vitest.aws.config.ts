import { defineConfig } from 'vitest/config';

// Tests against an emulator of AWS, which needs Python: `scripts/aws-env.sh` installs it.
export default defineConfig({
  test: {
    include: ['test/aws/**/*.test.ts'],
    globalSetup: ['test/run-folder.ts', 'test/aws/emulator/global-setup.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    // Of the tests of a file that wait at the same time.
    maxConcurrency: 8,
    env: {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    },
  },
});
