import { describe, expect, it } from 'vitest';
import { createEngine } from '../../lib/engine/create-engine.ts';
import type { Batch, TrainingEngine } from '../../lib/engine/engine.ts';
import type { Model } from '../../lib/model/model.ts';
import type { EpochRecord } from '../../lib/training/epochs/epoch-record.ts';
import { DivergedLossError, type FitOptions, type FitState, fit as train } from '../../lib/training/fit.ts';
import type { RowCache } from '../../lib/training/rows/row-cache.ts';
import { expectLosses } from '../engine/expect-close.ts';
import { firstWeights } from '../engine/first-weights.ts';
import { RATES, smallBatch } from '../engine/small-batch.ts';
import { smallModel } from '../engine/small-model.ts';

const ROWS = { train: 256, validation: 100, from: 1000 };
const OPTIONS: FitOptions = { epochs: 6, batchSize: 32, patience: null, stopBy: 'sum', seed: 1, shuffle: 'rows' };
const MODEL = smallModel();

describe('each epoch', () => {
  it('has the losses of the whole validation part, and the AUC of each output on its rows', async () => {
    const { epochs, engine } = await fitted({ epochs: 2 });
    const whole = smallBatch(MODEL, ROWS.validation, ROWS.from);
    const { losses, probabilities } = await engine.evaluate(whole);
    const last = epochs[1] as EpochRecord;
    expectLosses(last.validationLosses ?? {}, losses, 1e-5);
    expect(last.validationLoss).toBeCloseTo((losses.click as number) + (losses.conversion as number), 5);
    expect(last.criterion).toBeCloseTo(last.validationLoss as number, 12);
    const clicked = whole.labels.click as Float32Array;
    const all = clicked.map(() => 1);
    const { pctr, pcvr, pctcvr } = last.validationOutputs ?? {};
    expect(pctr?.auc).toBeCloseTo(bruteAuc(probabilities.pctr, whole.labels.click, all), 12);
    expect(pcvr?.auc).toBeCloseTo(bruteAuc(probabilities.pcvr, whole.labels.conversion, clicked), 12);
    expect(pctcvr?.auc).toBeCloseTo(bruteAuc(probabilities.pctcvr, whole.labels.conversion, all), 12);
    expect(pctr?.logLoss).toBeCloseTo(losses.click as number, 5);
    expect(pctcvr?.logLoss).toBeCloseTo(losses.conversion as number, 5);
    const rate = 33 / 100;
    expect(clicked.reduce((a, b) => a + b)).toBe(33);
    expect(pctr?.baseLogLoss).toBeCloseTo(-rate * Math.log(rate) - (1 - rate) * Math.log(1 - rate), 12);
    await engine.release();
  });

  it('measures no output on rows whose labels are not known', async () => {
    const unknown = (batch: Batch): Batch => {
      const weights = { ...batch.weights, conversion: new Float32Array(batch.rows) };
      return { ...batch, weights };
    };
    const { epochs, engine } = await fitted({ epochs: 1 }, unknown);
    const { pctr, pcvr } = epochs[0]?.validationOutputs ?? {};
    expect(pcvr).toEqual({ stage: 'conversion', given: 'click', auc: null, logLoss: null, baseLogLoss: null });
    expect(pctr?.auc).toBeGreaterThan(0);
    await engine.release();
  });
});

describe('the best epoch', () => {
  it.each([
    { stopBy: 'sum', of: ({ validationLoss }: EpochRecord) => validationLoss },
    { stopBy: 'click', of: ({ validationLosses }: EpochRecord) => validationLosses?.click },
    { stopBy: 'conversion', of: ({ validationLosses }: EpochRecord) => validationLosses?.conversion },
    { stopBy: 'pcvr', of: ({ validationOutputs }: EpochRecord) => validationOutputs?.pcvr?.logLoss },
  ])('is the one that is best by $stopBy', async ({ stopBy, of }) => {
    const { epochs, bestEpoch, engine, ...rest } = await fitted({ stopBy });
    const values = epochs.map((epoch) => of(epoch) as number);
    expect(bestEpoch).toBe(1 + values.indexOf(Math.min(...values)));
    for (const [i, { criterion }] of epochs.entries()) expect(criterion).toBeCloseTo(values[i] as number, 6);
    expect(rest.stopBy).toBe(stopBy);
    await engine.release();
  });

  it('is that of the sum for a network without what is declared', async () => {
    const { stopBy, engine } = await fitted({ epochs: 1, stopBy: 'p_buy' });
    expect(stopBy).toBe('sum');
    await engine.release();
  });
});

it('training ends when epochs are worse, and continues from a state to the same end', async () => {
  const options = { epochs: 40, patience: 1, stopBy: 'conversion' };
  const whole = await fitted(options);
  expect(whole.stopped).toBe('patience');
  expect(whole.epochs.at(-1)).toMatchObject({ isBest: false, isWorse: true });
  expect(whole.epochs.length).toBeLessThan(40);

  const kept: { state?: FitState; step?: number; arrays?: Map<string, Uint8Array> } = {};
  const second = 20;
  const keeper = {
    isDue: () => kept.state === undefined,
    async save(engine: TrainingEngine, state: FitState) {
      if (engine.steps < second || kept.state !== undefined) return;
      const { step, arrays } = engine.state();
      Object.assign(kept, {
        state: structuredClone(state),
        step,
        arrays: new Map(arrays.map(([name, bytes]) => [name, bytes.slice()])),
      });
    },
  };
  await (await fitted({ ...options, keeper })).engine.release();
  const engine = await newEngine();
  await engine.restore(kept.step as number, async (name, into) => into.set(kept.arrays?.get(name) as Uint8Array));
  const rest = await train(engine, cacheOf(MODEL, ROWS.train, 0), validationRows(), {
    ...OPTIONS,
    ...options,
    from: kept.state as FitState,
  });
  const withoutTimes = (epochs: readonly EpochRecord[]) => epochs.map((epoch) => ({ ...epoch, seconds: 0 }));
  expect(withoutTimes(rest.epochs)).toEqual(withoutTimes(whole.epochs));
  expect(rest.weights).toEqual(whole.weights);
  expect([rest.bestEpoch, rest.stopped]).toEqual([whole.bestEpoch, 'patience']);
  await engine.release();
  await whole.engine.release();
});

it('a validation loss that is not finite ends training', async () => {
  const infinite = (batch: Batch): Batch => {
    const weights = { ...batch.weights, click: new Float32Array(batch.rows).fill(Number.POSITIVE_INFINITY) };
    return { ...batch, weights };
  };
  await expect(fitted({ epochs: 1 }, infinite)).rejects.toThrow(DivergedLossError);
});

async function newEngine(): Promise<TrainingEngine> {
  const engine = await createEngine('onnxruntime', MODEL, {
    batchSize: 256,
    threads: 1,
    optimizer: { type: 'adam', learningRate: 0.05 },
    l2Embeddings: 0,
    dropout: 0,
    seed: 1,
  });
  engine.load(firstWeights(MODEL, RATES, 1));
  return engine;
}

async function fitted(options: Partial<FitOptions>, change: (batch: Batch) => Batch = (batch) => batch) {
  const engine = await newEngine();
  const result = await train(engine, cacheOf(MODEL, ROWS.train, 0), validationRows(change), { ...OPTIONS, ...options });
  return { ...result, engine };
}

function validationRows(change?: (batch: Batch) => Batch): RowCache {
  return cacheOf(MODEL, ROWS.validation, ROWS.from, change);
}

/** Rows of the small model as a cache, always in their own order. */
function cacheOf(model: Model, rows: number, from: number, change = (batch: Batch) => batch): RowCache {
  return {
    rows,
    meanWeight: 1,
    async *batches(batchSize, order) {
      for (let at = (order?.skip ?? 0) * batchSize; at < rows; at += batchSize)
        yield change(smallBatch(model, Math.min(batchSize, rows - at), from + at));
    },
    batchCount: (batchSize) => Math.ceil(rows / batchSize),
    windowBytes: () => 0,
    select: () => Promise.reject(new Error('no rows are selected')),
    stored: () => {
      throw new Error('the rows are not stored');
    },
  };
}

/** The share of pairs of a positive and a negative row that are in order, ties counting one half. */
function bruteAuc(
  probability: Float32Array | undefined,
  label: Float32Array | undefined,
  isMeasured: Float32Array,
): number {
  const scores = (value: number) =>
    [...(probability ?? [])].filter((_, row) => label?.[row] === value && isMeasured[row] === 1);
  const [positives, negatives] = [scores(1), scores(0)];
  const wins = positives.flatMap((p) => negatives.map((n) => (p > n ? 1 : p === n ? 0.5 : 0)));
  return wins.reduce<number>((a, b) => a + b, 0) / wins.length;
}
