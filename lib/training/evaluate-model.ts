/** Evaluation of a scoring model on the rows of one part of a log, by the same encoder and the same ONNX file that serve. */

import type { Declaration } from '../config/declaration.ts';
import type { ScoringModel } from '../engine/ort/scoring-model.ts';
import {
  evaluateFunnel,
  type FunnelMetrics,
  type FunnelRows,
  type FunnelTask,
  roleTasks,
} from '../evaluation/funnel.ts';
import { stageGraph } from '../model/stage-graph.ts';
import type { CheckedLog } from '../table/check/log.ts';
import { type Outcomes, readOutcomes } from '../table/check/outcomes.ts';
import type { Database } from '../table/database.ts';
import { encodeLog } from '../table/encode/encode.ts';
import type { Encoder } from '../table/encode/encoder.ts';
import type { LogChunk, Part } from '../table/encoded.ts';
import type { StageRates } from './initial-weights.ts';
import type { OnProgress } from './progress.ts';

export interface ScoreOptions {
  readonly database: Database;
  readonly log: CheckedLog;
  readonly encoder: Encoder;
  readonly model: ScoringModel;
  readonly parts: readonly Part[];
  /** Rows of these parts, for progress. @default all rows of the log */
  readonly rows?: number;
  /** Called with each chunk once it is scored. */
  readonly onChunk?: (chunk: LogChunk) => void;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

export interface EvaluateOptions extends ScoreOptions {
  /** Mean label of the training rows, by task name. */
  readonly trainingRates: Readonly<Record<string, number>>;
}

/** Scores the rows of the parts and measures every task of the funnel on them. */
export async function evaluateModel(options: EvaluateOptions): Promise<FunnelMetrics> {
  const rows = await scoreRows(options);
  return evaluateFunnel(rows, { tasks: funnelTasks(options.log.declaration), trainingRates: options.trainingRates });
}

/** What is measured of a declaration's model: CTR, CVR on clicked rows and CTCVR by role, and every other labelled output. */
export function funnelTasks(declaration: Declaration): FunnelTask[] {
  const { root, labelled, outputs } = stageGraph(declaration);
  const { roles } = declaration;
  const isLabelled = (stage: string) => labelled.some(({ name }) => name === stage);
  const byRole = roles === null ? [] : roleTasks(roles, root);
  const others = outputs
    .filter(({ name }) => !byRole.some(({ output }) => output === name))
    .map(
      ({ name, from, to }): FunnelTask => ({
        name,
        title: name,
        output: name,
        label: to,
        given: from === root ? null : from,
      }),
    );
  return [...byRole, ...others].filter(
    ({ label, given }) => isLabelled(label) && (given === null || isLabelled(given)),
  );
}

/** Mean label of a task's training rows, from the share of all training rows that reached each stage. */
export function taskRates(tasks: readonly FunnelTask[], rates: StageRates): Record<string, number> {
  return Object.fromEntries(
    tasks.map(({ name, label, given }) => [name, (rates[label] ?? 0) / (given === null ? 1 : (rates[given] ?? 1))]),
  );
}

/** What became of rows, and everything that a model says of them. */
export interface ScoredRows extends Outcomes {
  readonly probabilities: FunnelRows['probabilities'];
}

/** Everything that a model says of the rows of the parts, and what became of them. */
export async function scoreRows({
  database,
  log,
  encoder,
  model,
  parts,
  rows = log.source.rows,
  onChunk,
  onProgress,
  signal,
}: ScoreOptions): Promise<ScoredRows> {
  const outcomes = await readOutcomes(database, log, parts);
  const probabilities = Object.fromEntries(model.outputs.map((name) => [name, new Float32Array(outcomes.rows)]));
  let done = 0;
  for await (const chunk of encodeLog(database, log, encoder, { parts })) {
    for (const [name, values] of Object.entries(await model.predict(chunk))) probabilities[name]?.set(values, done);
    onChunk?.(chunk);
    done += chunk.rows;
    onProgress?.({ phase: 'evaluate', done, total: rows });
    signal?.throwIfAborted();
  }
  if (done !== outcomes.rows) throw new Error(`got ${done} encoded rows, expected ${outcomes.rows}`);
  return { ...outcomes, probabilities };
}
