import { readDeclaration } from '../../lib/config/parse-declaration.ts';
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
import { withScratch } from '../scratch.ts';
import type { Session } from '../terminal/exit.ts';
import { pathIn, printError } from '../terminal/io.ts';
import { progressBar } from '../terminal/progress-bar.ts';
import { showProgress } from './show-progress.ts';

export interface TrainAndPublishOptions extends EndpointOptions {
  /** Path of the declaration. */
  readonly declaration: string;
  /** A file, folder or glob of Parquet or CSV. */
  readonly data: string;
  readonly bucket: string;
  /** Where the bad rows go, if there are any. */
  readonly rejects?: string;
  readonly promote: boolean;
  readonly threads: number;
  /** MiB. */
  readonly memory: number;
  /** Whether no progress is shown. */
  readonly json: boolean;
}

export interface TrainedAndPublished {
  readonly name: string;
  readonly version: string;
  /** Key of the report in the bucket. */
  readonly report: string;
  readonly trained: TrainedModel;
  /** What the gate decided; `null` where it was not asked. */
  readonly decision: GateDecision | null;
}

/**
 * Trains with a display of its progress, publishes, and promotes through the gate. `onSummary` is called once the log
 * is checked, before training begins.
 */
export async function trainAndPublish(
  options: TrainAndPublishOptions,
  { io, signal }: Session,
  onSummary: (summary: LogSummary) => void = () => undefined,
): Promise<TrainedAndPublished> {
  const { declaration, text } = await readDeclaration(pathIn(io, options.declaration), options.declaration);
  const store = await openBucket(io, options.bucket, 'create', options);
  // A pointer that cannot be read cannot be moved: better known now than after the training.
  if (options.promote) await currentVersion(store, declaration.name);
  const bar = progressBar(options.json ? null : io.stderr);
  const began = performance.now();
  return withScratch(io.env, async (scratch) => {
    const work = {
      dataPath: options.data,
      cwd: io.cwd,
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
        onReportProblem: (error: Error) => printError(io, `report could not be made: ${error.message}`),
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
      const report = `${versionPrefix(name, version)}${REPORT_FILE}`;
      const settled = decision && (await settle(store, { name, version, at }, decision));
      return { name, version, report, trained, decision: settled };
    } finally {
      bar.stop();
    }
  });
}
