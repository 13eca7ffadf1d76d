import { Command } from 'commander';
import { readDeclaration } from '../../lib/config/parse-declaration.ts';
import { metricsJson } from '../../lib/evaluation/metrics-json.ts';
import { formatMetricsTable } from '../../lib/evaluation/metrics-table.ts';
import { promoteVersion } from '../../lib/registry/current.ts';
import { openStore } from '../../lib/store/open-store.ts';
import type { Progress } from '../../training/progress.ts';
import { publishTrained } from '../../training/publish-trained.ts';
import { type TrainedModel, train } from '../../training/train.ts';
import { EXIT_CODES, runCommand } from '../exit.ts';
import { bucketOption, dataOption, declarationOption, jsonOption, memoryOption, threadsOption } from '../options.ts';
import { type ProgressBar, progressBar, silentBar } from '../progress-bar.ts';
import { formatLogSummary } from '../report-text.ts';
import { withScratch } from '../scratch.ts';

export interface TrainCommandOptions {
  readonly declaration: string;
  readonly data: string;
  readonly bucket: string;
  readonly rejects?: string;
  readonly promote: boolean;
  readonly threads: number;
  readonly memory: number;
  readonly json: boolean;
}

/** `entirespace train`: from a log to a published model version. */
export function trainCommand(): Command {
  return new Command('train')
    .description('train on a log, evaluate on its held-out rows, publish a model version and make it the current one')
    .addOption(declarationOption())
    .addOption(dataOption())
    .addOption(bucketOption())
    .option('--rejects <file>', 'write the bad rows there, as Parquet')
    .option('--no-promote', 'publish without making the version the current one')
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ entirespace train --data logs/\n  $ entirespace train -d shop.yaml --data "logs/dt=2026-11-*/*.parquet" --no-promote --json',
    )
    .action((options: TrainCommandOptions) => runCommand((signal) => runTrain(options, signal), options.json));
}

async function runTrain(options: TrainCommandOptions, signal: AbortSignal) {
  const { name, version, trained } = await trainAndPublish(options, signal);
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

/** Trains as the command does, with its progress, and publishes. */
export async function trainAndPublish(
  options: TrainCommandOptions,
  signal: AbortSignal,
): Promise<{ name: string; version: string; trained: TrainedModel }> {
  const { declaration, text } = await readDeclaration(options.declaration);
  const store = openStore(options.bucket);
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
        onSummary: (summary) => {
          if (!options.json) process.stderr.write(`${formatLogSummary(summary)}\n`);
        },
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

export function showProgress(bar: ProgressBar, { phase, done, total, epoch, epochs, loss }: Progress): void {
  const label = phase === 'train' ? `epoch ${epoch}/${epochs}` : phase;
  bar.update({ label, done, total, ...(loss === undefined ? {} : { note: `loss ${loss.toFixed(5)}` }) });
}
