import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import '../../../lib/model/gradients/kernel-gradients.ts';
import {
  doublyRobustLoss,
  imputationLoss,
  ipsLoss,
  laterStages,
  normaliserName,
  reachedRows,
  type StageRows,
} from '../../../lib/model/losses/debiased-cross-entropy.ts';
import { stageGraph } from '../../../lib/model/stage-graph.ts';
import { chainOfThree, chainOfTwo, esm2 } from '../funnels.ts';

const ROWS = 4;
/** Propensities of the rows, whether each would convert if it were clicked, and the logits of pCVR. */
const PROPENSITY = [0.1, 0.5, 0.25, 0.8];
const OUTCOME = [1, 0, 0, 1];
const LOGIT = [-1.5, 0.5, -3, 2];
/** Every set of rows that may be clicked. */
const CLICKS = Array.from({ length: 2 ** ROWS }, (_, set) => PROPENSITY.map((_, row) => (set >> row) & 1));

const column = (values: readonly number[]) => tf.tensor2d([...values], [values.length, 1]);
const logOdds = (p: number) => Math.log(p / (1 - p));

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** The rows of a batch: an outcome is seen where a row was clicked. */
function rowsOf(clicks: readonly number[], logit: tf.Tensor, propensity = PROPENSITY): StageRows {
  return {
    label: column(clicks.map((click, row) => click * (OUTCOME[row] as number))),
    logit,
    propensity: column(propensity.map(logOdds)),
    isReached: column(clicks),
    weights: column(clicks.map(() => 1 / ROWS)),
  };
}

type LossOf = (rows: StageRows) => tf.Tensor;

const inverseOf = (rows: StageRows, floor = 0.01, logMean = 0) =>
  reachedRows(rows, 'conversion', floor, { [normaliserName('conversion')]: tf.tensor1d([logMean]) });
const ips: LossOf = (rows) => ipsLoss(rows, inverseOf(rows));
const robust =
  (imputed: readonly number[]): LossOf =>
  (rows) =>
    doublyRobustLoss(rows, inverseOf(rows), column(imputed));
/** The loss of clicked rows as they come. */
const naive: LossOf = ({ label, logit, isReached, weights }) => {
  const losses = tf.sub(tf.softplus(logit), tf.mul(label, logit));
  return tf.sum(tf.mul(tf.mul(weights, isReached), losses));
};

/** Returns the value and the gradient by the logits of a loss, in expectation over the clicks of the rows. */
function expected(loss: LossOf, propensity = PROPENSITY): number[] {
  const sums = new Float64Array(1 + ROWS);
  for (const clicks of CLICKS) {
    const chance = clicks.reduce((product, click, row) => {
      const p = PROPENSITY[row] as number;
      return product * (click === 1 ? p : 1 - p);
    }, 1);
    const { value, grad } = tf.valueAndGrad((logit: tf.Tensor) => loss(rowsOf(clicks, logit, propensity)))(
      column(LOGIT),
    );
    [value, grad]
      .flatMap((tensor) => [...tensor.dataSync()])
      .forEach((part, i) => {
        sums[i] = (sums[i] as number) + chance * part;
      });
  }
  return [...sums];
}

/** The value and the gradient of the loss over all rows, if each were clicked. */
function wanted(): number[] {
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const losses = LOGIT.map((x, row) => Math.log(1 + Math.exp(x)) - (OUTCOME[row] as number) * x);
  const gradients = LOGIT.map((x, row) => (sigmoid(x) - (OUTCOME[row] as number)) / ROWS);
  return [losses.reduce((a, b) => a + b) / ROWS, ...gradients];
}

function expectSame(got: readonly number[], values: readonly number[]): void {
  values.forEach((value, i) => {
    expect(got[i]).toBeCloseTo(value, 5);
  });
}

describe('in expectation over the clicks, where the propensity is known', () => {
  it('the loss by inverse propensities is that of all rows, and so is its gradient', () => {
    expectSame(expected(ips), wanted());
  });

  it.each([{ imputed: [0.5, 0.5, 0.5, 0.5] }, { imputed: [0.9, 0.3, 0.7, 0.1] }])(
    'the doubly robust loss is that of all rows, whatever is imputed: $imputed',
    ({ imputed }) => {
      expectSame(expected(robust(imputed)), wanted());
    },
  );

  it('the loss of the clicked rows is not', () => {
    expect(Math.abs((expected(naive)[0] as number) / 0.4125 / (wanted()[0] as number) - 1)).toBeGreaterThan(0.1);
  });
});

describe('the doubly robust loss', () => {
  it('is that of all rows for any propensity, where the imputed labels are right', () => {
    expectSame(expected(robust(OUTCOME), [0.5, 0.5, 0.5, 0.5]), wanted());
    expect(expected(ips, [0.5, 0.5, 0.5, 0.5])[0]).not.toBeCloseTo(wanted()[0] as number, 2);
  });

  it('leaves the imputed label alone, and the imputation leaves the logit alone', () => {
    const rows = rowsOf([1, 0, 1, 1], column(LOGIT));
    const gradientBy = (loss: (label: tf.Tensor) => tf.Tensor) => [
      ...tf
        .grad(loss)(column([0.2, 0.4, 0.6, 0.8]))
        .dataSync(),
    ];
    expect(
      gradientBy((label) => tf.add(doublyRobustLoss(rows, inverseOf(rows), label), tf.mul(0, tf.sum(label)))),
    ).toEqual([0, 0, 0, 0]);
    const [first, second] = gradientBy((label) => imputationLoss(rows, inverseOf(rows), label));
    // 2 (r - z) times the squared logit and the inverse propensity, over the rows.
    expect(first).toBeCloseTo((2 * (0.2 - 1) * 1.5 ** 2) / 0.1 / ROWS, 4);
    expect(second).toBe(0);
  });
});

describe('inverse propensities', () => {
  it('are clipped, and divided by their normaliser', () => {
    const rows = rowsOf([1, 1, 0, 1], column(LOGIT));
    expectSame([...inverseOf(rows, 0.4, Math.log(2)).weights.dataSync()], [1 / 0.8, 1, 0, 1 / 1.6]);
  });

  it('move the normaliser to their mean, and no logit of the propensity', () => {
    const rows = rowsOf([1, 1, 0, 1], column(LOGIT));
    const mean = (10 + 2 + 1 / 0.8) / ROWS;
    let log = tf.tensor1d([0]);
    const loss = (logMean: tf.Tensor) => reachedRows(rows, 'c', 0.01, { [normaliserName('c')]: logMean }).learning;
    expect(loss(log).dataSync()[0]).toBe(0);
    for (let step = 0; step < 200; step++) log = tf.sub(log, tf.mul(0.1, tf.grad(loss)(log)));
    expect(Math.exp(log.dataSync()[0] as number)).toBeCloseTo(mean, 4);
    const byPropensity = tf.grad((propensity: tf.Tensor) =>
      tf.add(ips({ ...rows, propensity }), tf.mul(0, tf.sum(propensity))),
    );
    expect([...byPropensity(rows.propensity).dataSync()]).toEqual([0, 0, 0, 0]);
  });
});

describe('laterStages', () => {
  it('are the labelled stages after a labelled stage, on any funnel', () => {
    const stagesOf = (funnel: Parameters<typeof stageGraph>[0]) =>
      laterStages(stageGraph(funnel)).map(({ name, before, tower }) => [name, before, tower]);
    expect(stagesOf(chainOfTwo)).toEqual([]);
    expect(stagesOf(chainOfThree)).toEqual([['conversion', 'click', 'conversion']]);
    expect(stagesOf(esm2)).toEqual([
      ['action', 'click', 'action'],
      ['buy', 'click', 'buy_after_action'],
    ]);
  });
});
