/** Evaluation of a scoring model on the rows of one part of a log, by the same encoder and the same ONNX file that serve. */

import type { Declaration } from '../lib/config/declaration.ts';
import type { ScoringModel } from '../lib/engine/scoring-model.ts';
import {
  evaluateFunnel,
  type FunnelMetrics,
  type FunnelRows,
  type FunnelTask,
  roleTasks,
} from '../lib/evaluation/funnel.ts';
import { stageGraph } from '../lib/model/stage-graph.ts';
import type { Database } from '../lib/table/database.ts';
import { encodeLog } from '../lib/table/encode.ts';
import type { Part } from '../lib/table/encoded.ts';
import type { Encoder } from '../lib/table/encoder.ts';
import type { CheckedLog } from '../lib/table/log.ts';
import type { StageRates } from './initial-weights.ts';
import type { OnProgress } from './progress.ts';

export interface EvaluateOptions {
  readonly database: Database;
  readonly log: CheckedLog;
  readonly encoder: Encoder;
  readonly model: ScoringModel;
  readonly part: Part;
  /** Rows of the part, for progress. */
  readonly rows: number;
  /** Share of the training rows that reached each stage. */
  readonly rates: StageRates;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** Scores the part's rows and measures every task of the funnel on them. */
export async function evaluateModel(options: EvaluateOptions): Promise<FunnelMetrics> {
  const tasks = funnelTasks(options.log.declaration);
  const rows = await scoreRows(options);
  const trainingRates = Object.fromEntries(tasks.map((task) => [task.name, taskRate(task, options.rates)]));
  return evaluateFunnel(rows, { tasks, trainingRates });
}

/** What is measured of a declaration's model: CTR, CVR on clicked rows and CTCVR by role, and every other labelled output. */
export function funnelTasks(declaration: Declaration): FunnelTask[] {
  const { root, labelled, outputs } = stageGraph(declaration);
  const { roles } = declaration;
  const isLabelled = (stage: string) => labelled.some(({ name }) => name === stage);
  const byRole =
    roles === null ? [] : roleTasks({ ...roles, impression: roles.impression === root ? null : roles.impression });
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

function taskRate({ label, given }: FunnelTask, rates: StageRates): number {
  return (rates[label] ?? 0) / (given === null ? 1 : (rates[given] ?? 1));
}

async function scoreRows({
  database,
  log,
  encoder,
  model,
  part,
  rows,
  onProgress,
  signal,
}: EvaluateOptions): Promise<FunnelRows> {
  const stages = log.declaration.stages.filter(({ label }) => label !== null).map(({ name }) => name);
  const probabilities = Object.fromEntries(model.outputs.map((name) => [name, new Float32Array(rows)]));
  const labels = Object.fromEntries(stages.map((name) => [name, new Int8Array(rows)]));
  const weight = new Float32Array(rows);
  const group = log.declaration.log.group === null ? null : new Float64Array(rows);
  let done = 0;
  for await (const chunk of encodeLog(database, log, encoder, { parts: [part] })) {
    for (const [name, values] of Object.entries(await model.predict(chunk))) probabilities[name]?.set(values, done);
    for (const name of stages) labels[name]?.set(chunk.labels[name] as Int8Array, done);
    weight.set(chunk.weight, done);
    if (chunk.group !== null) group?.set(chunk.group, done);
    done += chunk.rows;
    onProgress?.({ phase: 'evaluate', done, total: rows });
    signal?.throwIfAborted();
  }
  return { probabilities, labels, weight: log.declaration.log.kept === null ? null : weight, group };
}
