import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that wait longest, for a schedule to fire or for an outage to end; the others are done meanwhile. */
const LONGEST = ['stack/schedule', 'training/faults', 'scoring/kills', 'scoring/races', 'stack/polling'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => LONGEST.findIndex((name) => moduleId.includes(`/${name}.test.`));
    const isLong = (file: TestSpecification) => place(file) !== -1;
    const others = await super.sort(files.filter((file) => !isLong(file)));
    return [...files.filter(isLong).sort((a, b) => place(a) - place(b)), ...others];
  }
}

// Tests against an emulator of AWS, which needs Python: `scripts/python-env.sh aws` installs it.
export default defineConfig({
  test: {
    include: ['test/aws/**/*.test.ts'],
    globalSetup: ['test/run-folder.ts', 'test/aws/emulator/global-setup.ts'],
    pool: 'forks',
    // More than there are cores, for they wait most of the time; all but two files share one emulator.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
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
