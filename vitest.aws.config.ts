import { defineConfig } from 'vitest/config';
import { longestFirst } from './test/longest-first.ts';

/** Files that wait longest, for a schedule to fire or for an outage to end; the others are done meanwhile. */
const LONGEST = [
  'stack/schedule',
  'training/range-encoders',
  'training/faults',
  'scoring/kills',
  'scoring/races',
  'stack/polling',
];

// Tests against an emulator of AWS, which needs Python: `scripts/python-env.sh aws` installs it.
export default defineConfig({
  test: {
    include: ['test/aws/**/*.test.ts'],
    globalSetup: ['test/run-folder.ts', 'test/aws/emulator/global-setup.ts'],
    pool: 'forks',
    // More than there are cores, for they wait most of the time; all but three files share one emulator.
    maxWorkers: 3,
    sequence: { sequencer: longestFirst(LONGEST) },
    testTimeout: 120_000,
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
