import { readDeclaration } from '../../lib/config/parse-declaration.ts';
import { metricsJson } from '../../lib/evaluation/metrics-json.ts';
import { formatMetricsTable } from '../../lib/evaluation/metrics-table.ts';
import { currentVersion, promoteVersion } from '../../lib/registry/current.ts';
import type { LogSummary } from '../../lib/table/summary.ts';
import type { Progress } from '../../training/progress.ts';
import { publishTrained } from '../../training/publish-trained.ts';
import { type TrainedModel, train } from '../../training/train.ts';
import { type EndpointOptions, openBucket } from '../bucket.ts';
import { EXIT_CODES } from '../exit.ts';
import { type ProgressBar, progressBar, silentBar } from '../progress-bar.ts';
import { formatLogSummary } from '../report-text.ts';
import { withScratch } from '../scratch.ts';

/** Of the command line. */
export interface TrainCommandOptions extends EndpointOptions {
  readonly declaration: string;
  readonly data: string;
  readonly bucket: string;
  readonly rejects?: string;
  readonly promote: boolean;
  readonly threads: number;
  readonly memory: number;
  readonly json: boolean;
}

/** Trains, publishes and prints the metrics. */
export async function runTrain(options: TrainCommandOptions, signal: AbortSignal) {
  const { name, version, trained } = await trainAndPublish(options, signal, (summary) => {
    if (!options.json) process.stderr.write(`${formatLogSummary(summary)}\n`);
  });
  if (options.json) {
    const { summary, epochs, bestEpoch, filledRows, seconds } = trained;
    const document = {
      name,
      version,
      isCurrent: options.promote,
      seconds,
      summary,
      epochs,
      bestEpoch,
      filledRows,
      metrics: metricsJson(trained.metrics),
    };
    process.stdout.write(`${JSON.stringify(document)}\n`);
  } else {
    process.stdout.write(`${formatMetricsTable(trained.metrics)}\n`);
    process.stdout.write(
      `published ${name} ${version}${options.promote ? ', now the current version' : ''} (in ${options.bucket})\n`,
    );
  }
  return EXIT_CODES.success;
}

/** Trains as the command does, with its progress, and publishes; `onSummary` is told of the log before training begins. */
export async function trainAndPublish(
  options: TrainCommandOptions,
  signal: AbortSignal,
  onSummary: (summary: LogSummary) => void = () => undefined,
): Promise<{ name: string; version: string; trained: TrainedModel }> {
  const { declaration, text } = await readDeclaration(options.declaration);
  const store = await openBucket(options.bucket, 'create', options);
  // A pointer that cannot be read cannot be moved: better known now than after the training.
  if (options.promote) await currentVersion(store, declaration.name);
  const bar = options.json ? silentBar : progressBar();
  return withScratch(async (scratch) => {
    try {
      const trained = await train({
        declaration,
        declarationText: text,
        dataPath: options.data,
        scratch,
        threads: options.threads,
        memoryLimitMiB: options.memory,
        ...(options.rejects === undefined ? {} : { rejectsPath: options.rejects }),
        onSummary,
        onProgress: (progress) => showProgress(bar, progress),
        signal,
      });
      bar.stop();
      const at = new Date();
      const version = await publishTrained(store, declaration, trained, { threads: options.threads, at });
      if (options.promote) await promoteVersion(store, declaration.name, version, { reason: 'trained', at });
      return { name: declaration.name, version, trained };
    } finally {
      bar.stop();
    }
  });
}

/** Shows the progress of training or evaluation. */
export function showProgress(bar: ProgressBar, { phase, done, total, epoch, epochs, loss }: Progress): void {
  const label = phase === 'train' ? `epoch ${epoch}/${epochs}` : phase;
  bar.update({ label, done, total, ...(loss === undefined ? {} : { note: `loss ${loss.toFixed(5)}` }) });
}
