import { join } from 'node:path';
import type { EngineName } from '../../lib/config/engines.ts';
import { PREFIXES, scoresFolder } from '../../lib/contract/bucket.ts';
import { EXIT_CODES, type ExitCode } from '../../lib/contract/exit-codes.ts';
import { secondsText } from '../../lib/numbers/text.ts';
import { bucketFolder, openBucket } from '../bucket.ts';
import type { DefineCommand } from '../define-command.ts';
import type { Session } from '../terminal/exit.ts';
import { printResults } from '../terminal/file-results.ts';
import { formatDecision } from '../terminal/gate-text.ts';
import { print } from '../terminal/io.ts';
import { bucketOption, engineOption, memoryOption, threadsOption } from '../terminal/options.ts';

interface DemoOptions {
  readonly data?: string;
  readonly bucket: string;
  readonly engine?: EngineName;
  readonly threads: number;
  readonly memory: number;
}

/** `entirespace demo`: the whole path on a real campaign: validate, train, publish, score. */
export const defineDemo: DefineCommand = (command, act) => {
  command
    .option('--data <file>', 'your own copy of the Hillstrom data, CSV as published or Parquet')
    .addOption(bucketOption().default('demo'))
    .addOption(engineOption())
    .addOption(threadsOption())
    .addOption(memoryOption())
    .examples(['entirespace demo', 'entirespace demo --data hillstrom.csv'])
    .action((options: DemoOptions) => act(false, (session) => demo({ ...options, json: false }, session)));
};

/** Runs every step on the example and prints what it does. */
async function demo(options: DemoOptions & { readonly json: false }, session: Session): Promise<ExitCode> {
  const started = performance.now();
  const { io } = session;
  const { readDeclaration } = await import('../../lib/config/parse-declaration.ts');
  const { requireEngine } = await import('../../lib/engine/create-engine.ts');
  const { promotes } = await import('../../lib/gate/verdict.ts');
  const { formatMetricsTable } = await import('../../lib/evaluation/metrics-table.ts');
  const { formatCalibration } = await import('../../lib/evaluation/calibration/calibration-text.ts');
  const { dropCandidates, EXAMPLE_DECLARATION, firstRows, numberedData, shortPath } = await import(
    '../demo/campaign.ts'
  );
  const { withScoring } = await import('../scoring/local-scoring.ts');
  const { inspectLog } = await import('../training/inspect-log.ts');
  const { trainAndPublish } = await import('../training/train-and-publish.ts');
  const { withScratch } = await import('../scratch.ts');
  const { formatLogSummary } = await import('../terminal/log-text.ts');
  const step = (title: string, what: string) => print(io, `\n${title}: ${what}`);
  const { declaration } = await readDeclaration(EXAMPLE_DECLARATION);
  requireEngine(options.engine ?? declaration.training.engine, options);
  const store = await openBucket(io, options.bucket, 'create');
  return withScratch(io, async (scratch) => {
    const data = await numberedData(options, scratch, io);
    step('1 validate', `${shortPath(EXAMPLE_DECLARATION)} over ${shortPath(data)}`);
    const { summary } = await inspectLog(
      { declaration, modelFile: null },
      [data],
      { ...options, isEstimated: false },
      session,
    );
    print(io, formatLogSummary({ ...summary, source: shortPath(summary.source) }));

    step('2 train', `${declaration.model.type}, at most ${declaration.training.epochs} epochs of the training half`);
    const train = { ...options, declaration: EXAMPLE_DECLARATION, data: [data], promote: true };
    const { name, version, trained, decision } = await trainAndPublish(train, session);
    const epochs = trained.networks.reduce((sum, network) => sum + network.epochs.length, 0);
    const best = trained.networks.map(({ bestEpoch }) => bestEpoch).join(' and ');
    print(
      io,
      `${epochs} epochs in ${secondsText(trained.seconds)}, the best is epoch ${best}; published ${name} ${version}`,
    );

    // In a bucket of its own the demo's model is the first, and nothing is refused.
    if (decision !== null && !promotes(decision)) print(io, formatDecision(decision));

    step('3 evaluate', 'on the held-out half');
    print(io, [formatMetricsTable(trained.metrics), ...formatCalibration(trained)].join('\n'));

    step('4 score', `the held-out half as candidates, dropped in ${options.bucket}/${PREFIXES.candidates}`);
    const keys = await dropCandidates(store, declaration, data, options, scratch, io);
    const results = await withScoring(store, { ...options, model: name }, session, (score) => score({ keys }));
    const code = printResults(session, results, options);
    if (code !== EXIT_CODES.success) return code;

    const folder = scoresFolder(keys[0] as string);
    const root = bucketFolder(store);
    if (root !== null) {
      step('5 scores', `the first three rows of ${options.bucket}/${folder}`);
      print(io, await firstRows(join(root, folder), options, scratch));
    }
    print(
      io,
      `\n${secondsText((performance.now() - started) / 1000)} in all. The scores are in ${options.bucket}/scores/, the model and its report in ${options.bucket}/models/${name}/${version}/.`,
    );
    return EXIT_CODES.success;
  });
}
