import { readDeclaration } from '../../lib/config/parse-declaration.ts';
import { metricsJson } from '../../lib/evaluation/metrics-json.ts';
import { formatMetricsTable } from '../../lib/evaluation/metrics-table.ts';
import { type GateDecision, settle } from '../../lib/gate/hold-against.ts';
import { currentVersion } from '../../lib/registry/current.ts';
import { versionPrefix } from '../../lib/registry/keys.ts';
import { REPORT_FILE } from '../../lib/report/report.ts';
import type { LogSummary } from '../../lib/table/fit/summary.ts';
import type { Progress } from '../../lib/training/progress.ts';
import { type TrainedModel, train } from '../../lib/training/train.ts';
import { judgeAndPublish, type PublishedVersion, publishUnjudged } from '../../training/judge-and-publish.ts';
import { publishTrained } from '../../training/publish-trained.ts';
import { type EndpointOptions, openBucket } from '../bucket.ts';
import { EXIT_CODES } from '../exit.ts';
import { formatDecision } from '../gate-text.ts';
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
  const { name, version, trained, decision } = await trainAndPublish(options, signal, (summary) => {
    if (!options.json) process.stderr.write(`${formatLogSummary(summary)}\n`);
  });
  if (options.json) {
    const { summary, epochs, bestEpoch, filledRows, seconds } = trained;
    const document = {
      name,
      version,
      isCurrent: isPromoted(decision),
      decision,
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
    if (decision !== null) process.stdout.write(`${formatDecision(decision)}\n`);
    process.stdout.write(
      `published ${name} ${version}${isPromoted(decision) ? ', now the current version' : ''} (in ${options.bucket})\n` +
        `report: ${options.bucket}/${versionPrefix(name, version)}${REPORT_FILE}\n`,
    );
  }
  return decision?.verdict === 'refused' ? EXIT_CODES['refused by the gate'] : EXIT_CODES.success;
}

function isPromoted(decision: GateDecision | null): boolean {
  return decision !== null && decision.verdict !== 'refused';
}

/**
 * Trains as the command does, with its progress, publishes, and promotes through the gate; `onSummary` is told of the
 * log before training begins.
 */
export async function trainAndPublish(
  options: TrainCommandOptions,
  signal: AbortSignal,
  onSummary: (summary: LogSummary) => void = () => undefined,
): Promise<{ name: string; version: string; trained: TrainedModel; decision: GateDecision | null }> {
  const { declaration, text } = await readDeclaration(options.declaration);
  const store = await openBucket(options.bucket, 'create', options);
  // A pointer that cannot be read cannot be moved: better known now than after the training.
  if (options.promote) await currentVersion(store, declaration.name);
  const bar = options.json ? silentBar : progressBar();
  const began = performance.now();
  return withScratch(async (scratch) => {
    const work = {
      dataPath: options.data,
      scratch,
      threads: options.threads,
      memoryLimitMiB: options.memory,
      onProgress: (progress: Progress) => showProgress(bar, progress),
      signal,
    };
    const { name } = declaration;
    try {
      const trained = await train({
        ...work,
        declaration,
        declarationText: text,
        ...(options.rejects === undefined ? {} : { rejectsPath: options.rejects }),
        onSummary,
      });
      const conclusion = {
        ...work,
        store,
        declaration,
        trained,
        began,
        hourlyUsd: null,
        onReportProblem: (error: Error) => void process.stderr.write(`report could not be made: ${error.message}\n`),
      };
      const concluded: Promise<PublishedVersion & { readonly decision: GateDecision | null }> = options.promote
        ? judgeAndPublish(conclusion)
        : publishUnjudged(conclusion).then((published) => ({ ...published, decision: null }));
      const { version, decision, at } = await concluded.catch(async (error: unknown) => {
        signal.throwIfAborted();
        // What hours of training made is not lost because it could not be judged, nor the log read once more.
        await publishTrained(store, declaration, trained, { threads: options.threads, at: new Date() });
        throw error;
      });
      return { name, version, trained, decision: decision && (await settle(store, { name, version, at }, decision)) };
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
