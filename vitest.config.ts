import { configDefaults, defineConfig } from 'vitest/config';
import { longestFirst } from './test/longest-first.ts';

/** Folders of tests that have a command of their own; the last two have a configuration of their own, too. */
const OTHERS = ['process', 'proof', 'gbdt', 'torch', 'tfjs-node', 'aws', 'localstack'];

/** Files that take more than some seconds. */
const LONGEST = [
  'engine/ort/engine',
  'own-model/bad-files',
  'scoring/rows/feature-tables',
  'init/init-log',
  'scoring/rows/candidate-files',
  'report/report',
  'bin/scoring',
  'bin/evaluate',
  'bin/bad-log',
  'training-task/run',
  'bundle/fleet/encode-by-fleet',
  'online/online-scorer',
  'bin/own-model',
  'bin/tune',
];

/**
 * `npm test` runs the project `unit`: every `test/<room>/**.test.ts`, so a new file there needs no entry here. The
 * others have a command each:
 *
 * - `npm run test:process`: `test/process`, tests that start real processes, kill them and send them signals;
 * - `npm run test:proof`: `test/proof`, exhaustive searches, statistics over many runs, every model of the family, and
 *   more rows than a test of a second can have. A small part of most of them is in `unit`;
 * - `npm run test:gbdt`: `test/gbdt`, LightGBM in comparisons, in the Python environment of the checks;
 * - `npm run test:torch`: `test/torch`, the trainer in PyTorch, in an environment of its own;
 * - `npm run test:tfjs-node`: `test/tfjs-node`, the training engine on `@tensorflow/tfjs-node`, which it installs.
 *
 * One file, of whatever project, takes a second or two: `npx vitest run test/config/units.test.ts`, and one test of it
 * with `-t 'part of its name'`. Files that use the built command or kernels need one `npm run build` before.
 */
export default defineConfig({
  test: {
    globalSetup: 'test/run-folder.ts',
    // By default vitest leaves one core idle: half of a small machine.
    maxWorkers: '100%',
    sequence: { sequencer: longestFirst(LONGEST) },
    projects: [
      // The files of a worker share its modules: loading DuckDB, onnxruntime and the CDK anew for each file takes a
      // quarter of the time. So a test leaves no state in a module; what it stubs is restored before the next test.
      project('unit', ['test/**/*.test.ts'], {
        isolate: false,
        // Most of what a test makes is garbage at its end.
        execArgv: ['--max-semi-space-size=64'],
        exclude: [...configDefaults.exclude, ...OTHERS.map((folder) => `test/${folder}/**`)],
      }),
      project('process', ['test/process/**/*.test.ts']),
      project('proof', ['test/proof/**/*.test.ts']),
      project('gbdt', ['test/gbdt/**/*.test.ts']),
      project('torch', ['test/torch/**/*.test.ts']),
      project('tfjs-node', ['test/tfjs-node/**/*.test.ts']),
    ],
  },
});

function project(
  name: string,
  include: string[],
  more: { isolate?: boolean; execArgv?: string[]; exclude?: string[] } = {},
) {
  return {
    test: {
      name,
      include,
      // DuckDB and onnxruntime are native and multi-threaded: processes, not threads.
      pool: 'forks' as const,
      // These end a test that hangs; how long a test takes on a busy machine is no failure.
      testTimeout: 120_000,
      hookTimeout: 120_000,
      restoreMocks: true,
      unstubEnvs: true,
      ...more,
    },
  };
}
