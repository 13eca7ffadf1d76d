import { join } from 'node:path';
import type { EngineName } from '../../lib/config/engines.ts';
import { requireEngine } from '../../lib/engine/create-engine.ts';
import type { GateDecision } from '../../lib/gate/decide.ts';
import { foresee } from '../../lib/gate/foresee.ts';
import { settle } from '../../lib/gate/settle.ts';
import { listed } from '../../lib/numbers/text.ts';
import { currentFeatures } from '../../lib/predictor/published-declaration.ts';
import { ForeseenRefusalError } from '../../lib/registry/errors.ts';
import { versionPrefix } from '../../lib/registry/keys.ts';
import { REPORT_FILE } from '../../lib/report/report.ts';
import type { LogSummary } from '../../lib/table/fit/summary.ts';
import { withLog } from '../../lib/table/open-log.ts';
import { type TrainedModel, trainOn } from '../../lib/training/train.ts';
import type { Elsewhere, TrainingOptions } from '../../lib/training/training-options.ts';
import {
  type ConcludeOptions,
  judgeAndPublish,
  type PublishedVersion,
  publishUnjudged,
} from '../../training/judge-and-publish.ts';
import { publishTrained } from '../../training/publish-trained.ts';
import { type EndpointOptions, openBucket } from '../bucket.ts';
import { withScratch } from '../scratch.ts';
import type { Session } from '../terminal/exit.ts';
import { pathIn, printError } from '../terminal/io.ts';
import { progressBar } from '../terminal/progress-bar.ts';
import { type Project, readProject } from './read-project.ts';
import { remotePlace } from './remote-place.ts';
import { progressOn, trainingLines } from './show-progress.ts';

export interface TrainAndPublishOptions extends EndpointOptions {
  /** Path of the declaration. */
  readonly declaration: string;
  /** Files, folders or globs of Parquet or CSV. */
  readonly data: readonly string[];
  readonly bucket: string;
  /** Where the bad rows go, if there are any. */
  readonly rejects?: string;
  readonly promote: boolean;
  /** A declaration that has been read. @default read from `declaration` */
  readonly project?: Project;
  /** Epochs of a network, where they are known. @default `training.epochs` of each, at most */
  readonly epochsOf?: TrainingOptions['epochsOf'];
  /** What computes the training steps. @default the declaration's own */
  readonly engine?: EngineName;
  /** Folder of weights that were trained elsewhere, in place of training. */
  readonly weights?: string;
  readonly threads: number;
  /** MiB. */
  readonly memory: number;
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
 * Trains with a display of its progress, publishes, and promotes through the gate. `onSummary` is called once the rows
 * are checked and encoded, before training begins.
 * @throws {ForeseenRefusalError} before training begins, if the gate is asked and could only refuse the version.
 */
export async function trainAndPublish(
  options: TrainAndPublishOptions,
  { io, signal }: Session,
  onSummary: (summary: LogSummary) => void = () => undefined,
): Promise<TrainedAndPublished> {
  const { declaration: read, text, modelFile } = options.project ?? (await readProject(io, options.declaration));
  const { engine = read.training.engine } = options;
  const declaration = { ...read, training: { ...read.training, engine } };
  requireEngine(engine, options);
  const store = await openBucket(io, options.bucket, 'create', options);
  const { rejects, threads } = options;
  // A pointer that cannot be read cannot be moved: better known now than after the training.
  const alsoFeatures = options.promote ? await currentFeatures(store, declaration.name) : [];
  const bar = progressBar(io.stderr);
  return withScratch(io, async (scratch) => {
    // Read before the log, which takes longer.
    const elsewhere = await weightsOf(options, { io, signal }, scratch);
    const log = {
      declaration,
      dataPath: options.data,
      cwd: io.cwd,
      alsoFeatures,
      ...(rejects === undefined ? {} : { rejectsPath: rejects }),
    };
    const onProgress = progressOn(bar);
    const work = { scratch, threads, onProgress, signal };
    return withLog({ ...log, ...work, memoryLimitMiB: options.memory }, async (opened) => {
      const run = await trainOn(opened, {
        ...work,
        declarationText: text,
        ...(options.epochsOf && { epochsOf: options.epochsOf }),
        ...(elsewhere && { elsewhere }),
        ...trainingLines(bar, io, declaration.training),
        modelFile,
        onSummary(summary, counts) {
          const { refusals, notes } = foresee(declaration, summary, counts.test);
          onSummary({ ...summary, notes: [...summary.notes, ...notes] });
          if (options.promote && refusals.length > 0) throw new ForeseenRefusalError(refusedBefore(refusals));
        },
      });
      const onReportProblem = (error: Error) => printError(io, `report could not be made: ${error.message}`);
      const conclusion = { ...work, ...run, store, opened, began: opened.began, hourlyUsd: null, onReportProblem };
      const { version, decision, at } = await conclude(conclusion, options.promote);
      const { name } = declaration;
      const settled = decision && (await settle(store, { name, version, at }, decision));
      const report = `${versionPrefix(name, version)}${REPORT_FILE}`;
      return { name, version, report, trained: run.trained, decision: settled };
    });
  }).finally(() => bar.stop());
}

/** Returns weights of a folder, or of a bucket, from which they are copied to the scratch folder first. */
async function weightsOf(
  { weights, endpoint }: TrainAndPublishOptions,
  { io, signal }: Pick<Session, 'io' | 'signal'>,
  scratch: string,
): Promise<Elsewhere | null> {
  if (weights === undefined) return null;
  const { trainedElsewhere } = await import('../../lib/bundle/trained-networks.ts');
  const { fetchFolder, TRAINED } = await import('../../lib/bundle/remote-folder.ts');
  const place = remotePlace('--weights', weights, { endpoint });
  if (place === null) return trainedElsewhere(pathIn(io, weights));
  const folder = join(scratch, 'weights');
  await fetchFolder(TRAINED, place, folder, signal);
  return trainedElsewhere(folder);
}

function refusedBefore(refusals: readonly string[]): string {
  return `not trained, for the gate would refuse the version: ${listed(refusals, '; ')} (--no-promote trains and publishes all the same)`;
}

/** Publishes, through the gate where that is asked; what cannot be judged is published without. */
async function conclude(
  options: ConcludeOptions,
  isJudged: boolean,
): Promise<PublishedVersion & { readonly decision: GateDecision | null }> {
  try {
    return isJudged ? await judgeAndPublish(options) : { ...(await publishUnjudged(options)), decision: null };
  } catch (error) {
    options.signal?.throwIfAborted();
    // What hours of training made is not lost because it could not be judged.
    const { store, opened, trained, threads } = options;
    await publishTrained(store, opened.log.declaration, trained, { threads, at: new Date() });
    throw error;
  }
}
