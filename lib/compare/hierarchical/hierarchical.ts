/**
 * Hierarchical estimators as a competitor: what many advertisers have before they have networks. They are for comparison
 * only: nothing here can publish or score them.
 *
 * As in `base`, the conversion's rates are of clicked rows alone, and the click's of all rows.
 */
import { createHash } from 'node:crypto';
import { labelledBefore, type StageGraph, stageGraph } from '../../model/stage-graph.ts';
import { randomStream } from '../../numbers/random.ts';
import { DataError } from '../../table/errors.ts';
import type { Competitor } from '../competitor.ts';
import { variedTrials } from '../knobs.ts';
import type { Bench } from '../runs/bench.ts';
import type { Run, RunScores } from '../runs/run.ts';
import { shareStream } from '../runs/share-of-rows.ts';
import { outputsOf } from '../runs/stage-outputs.ts';
import { estimate, fitEstimator } from './estimator.ts';
import type { Hierarchy } from './hierarchies.ts';
import { Tree } from './tree.ts';

export const HIERARCHICAL = 'hierarchical';

/** Increased when the same run gives other scores. */
const FORMAT = 1;
const BATCH_ROWS = 65_536;
/** Factor of the strengths of the priors. */
const STRENGTH = { place: `${HIERARCHICAL}.strength`, values: [1, 0.3, 3, 0.1, 10], declared: 1 } as const;

/** Returns the estimators along these hierarchies as a competitor; which settings are tried depends on the seed. */
export function hierarchicalCompetitor(hierarchies: readonly Hierarchy[], seed: number): Competitor {
  return {
    name: HIERARCHICAL,
    isForComparisonOnly: true,
    trials: (trials) => variedTrials([STRENGTH], trials, { seed, of: HIERARCHICAL }),
    identity: (settings) =>
      createHash('sha256')
        .update(JSON.stringify([HIERARCHICAL, FORMAT, hierarchies, settings]))
        .digest('hex'),
    run: (run, bench) => fitAndScore(hierarchies, run, bench),
  };
}

async function fitAndScore(hierarchies: readonly Hierarchy[], run: Run, bench: Bench): Promise<RunScores> {
  const { rows, opened, signal } = bench;
  const graph = stageGraph(opened.log.declaration);
  const trees = hierarchies.map((levels) => treeOf(levels, bench));
  const train = await readTraining(trees, graph, run, bench);
  const factor = Number(run.settings[STRENGTH.place] ?? STRENGTH.declared);
  const [validation, test] = [
    await nodesOf(trees, rows.calibration.chunks(), rows.calibration.rows),
    await nodesOf(trees, rows.test.chunks(), rows.test.rows),
  ];
  const conditional = { validation: {}, test: {} } as Record<'validation' | 'test', Record<string, Float32Array>>;
  for (const { name } of graph.labelled) {
    signal.throwIfAborted();
    const given = labelledBefore(graph, name);
    const { label, weight } = train.stages[name] as StageColumns;
    const before = given === graph.root ? null : (train.stages[given] as StageColumns);
    const counted =
      before === null
        ? weight
        : weight.map((own, row) => (before.weight[row] === 0 ? 0 : own * (before.label[row] as number)));
    const stageRows = {
      trees: trees.map((tree, index) => ({ tree, nodes: train.nodes[index] as Int32Array[] })),
      label,
      weight: counted,
    };
    const folds = randomStream(run.seed, `${HIERARCHICAL} folds`);
    const fitted = fitEstimator(stageRows, { folds, factor });
    conditional.validation[name] = estimate(fitted, validation, rows.calibration.rows);
    conditional.test[name] = estimate(fitted, test, rows.test.rows);
  }
  return {
    validation: outputsOf(graph, conditional.validation),
    test: outputsOf(graph, conditional.test),
    facts: { isCalibrated: true, isOnChosenRows: true, networks: [] },
  };
}

function treeOf(levels: Hierarchy, { encoder }: Pick<Bench, 'encoder'>): Tree {
  return new Tree(
    levels.map((name) => {
      const input = encoder.inputs.find((one) => one.name === name);
      const table = input?.kind === 'id' ? encoder.tables.find((one) => one.name === input.table) : undefined;
      if (table === undefined) throw new TypeError(`${name} has no ids, expected a category or a cross`);
      return { name, size: table.rows };
    }),
  );
}

interface StageColumns {
  readonly label: Float32Array;
  readonly weight: Float32Array;
}

/** The training rows in a share: their nodes in each tree and level, and the labels and weights by stage. */
interface TrainingRows {
  readonly nodes: readonly Int32Array[][];
  readonly stages: Readonly<Record<string, StageColumns>>;
}

async function readTraining(
  trees: readonly Tree[],
  graph: StageGraph,
  { seed, share }: Run,
  { rows: { train }, signal }: Bench,
): Promise<TrainingRows> {
  const nodes = trees.map(({ levels }) => levels.map(() => new Int32Array(train.rows)));
  const stages = Object.fromEntries(
    graph.labelled.map(({ name }) => [
      name,
      { label: new Float32Array(train.rows), weight: new Float32Array(train.rows) },
    ]),
  );
  const random = shareStream(seed);
  let [first, taken] = [0, 0];
  for await (const batch of train.batches(BATCH_ROWS)) {
    signal.throwIfAborted();
    for (const [index, tree] of trees.entries())
      for (const [level, found] of tree.add(batch.ids, batch.rows).entries()) nodes[index]?.[level]?.set(found, first);
    for (let row = 0; row < batch.rows; row++) {
      const isTaken = share === 1 || random.uniform(first + row) < share;
      if (isTaken) taken++;
      for (const [name, { label, weight }] of Object.entries(stages)) {
        label[first + row] = batch.labels[name]?.[row] as number;
        // The weights of a batch are for a mean over its rows.
        weight[first + row] = isTaken ? (batch.weights[name]?.[row] as number) * batch.rows : 0;
      }
    }
    first += batch.rows;
  }
  if (taken === 0)
    throw new DataError('no_rows', `no training row is in a share of ${share} of ${train.rows}, expected more rows`);
  return { nodes, stages };
}

async function nodesOf(
  trees: readonly Tree[],
  chunks: AsyncIterable<{ readonly rows: number; readonly ids: Readonly<Record<string, Int32Array>> }>,
  rows: number,
): Promise<Int32Array[][]> {
  const nodes = trees.map(({ levels }) => levels.map(() => new Int32Array(rows)));
  let first = 0;
  for await (const { rows: own, ids } of chunks) {
    for (const [index, tree] of trees.entries())
      for (const [level, found] of tree.find(ids, own).entries()) nodes[index]?.[level]?.set(found, first);
    first += own;
  }
  return nodes;
}
