/** The importance of features for models that are known: probabilities that are functions of two numbers. */
import { describe, expect, it } from 'vitest';
import { taskTally } from '../../../lib/evaluation/funnel.ts';
import { areaUnderCurve } from '../../../lib/evaluation/ranking.ts';
import { randomStream } from '../../../lib/numbers/random.ts';
import { permutationImportance } from '../../../lib/report/importance/importance.ts';
import { planImportance, SHUFFLES } from '../../../lib/report/importance/plan.ts';
import { drawDonors, type Sample } from '../../../lib/report/importance/sample.ts';
import type { EncodedChunk } from '../../../lib/table/encoded.ts';

const CTR = { name: 'ctr', title: 'CTR', output: 'pctr', label: 'click', given: null };

/** Clicks depend on `strong` more than on `weak`, and not on any `idle` number. */
const model = {
  chunksAtOnce: 2,
  async predict({ rows, numbers }: EncodedChunk) {
    const { strong = new Float32Array(rows), weak = new Float32Array(rows) } = numbers;
    return { pctr: strong.map((value, row) => 1 / (1 + Math.exp(1 - 3 * value - (weak[row] as number)))) };
  },
};

async function sampleOf(seed: number, rows: number, names = ['strong', 'weak']): Promise<Sample> {
  const numbers = Object.fromEntries(
    names.map((name) => {
      const random = randomStream(seed, name);
      return [name, Float32Array.from({ length: rows }, (_, row) => 2 * random.uniform(row) - 1)];
    }),
  );
  const chunk = { rows, ids: {}, weights: {}, numbers };
  const probabilities = await model.predict(chunk);
  const chance = randomStream(seed, 'click');
  const click = Int8Array.from(probabilities.pctr, (p, row) => Number(chance.uniform(row) < p));
  return { chunk, probabilities, labels: { click }, weight: new Float32Array(rows).fill(1) };
}

describe('the importance of a feature', () => {
  it('is the mean AUC that is lost with its values from other rows', async () => {
    const sample = await sampleOf(1, 500);
    const { ctr } = await permutationImportance(model, sample, { tasks: [CTR], features: ['weak', 'strong'], seed: 7 });
    const aucOf = (pctr: Float32Array) =>
      areaUnderCurve(taskTally({ ...sample, probabilities: { pctr }, group: null }, CTR)).value as number;
    for (const feature of ['strong', 'weak']) {
      let after = 0;
      for (let shuffle = 0; shuffle < SHUFFLES; shuffle++) {
        const donors = drawDonors(sample.weight, randomStream(7, `importance/${feature}/${shuffle}`));
        const values = Float32Array.from(donors, (row) => sample.chunk.numbers[feature]?.[row] as number);
        const numbers = { ...sample.chunk.numbers, [feature]: values };
        after += aucOf((await model.predict({ ...sample.chunk, numbers })).pctr) / SHUFFLES;
      }
      const lost = ctr?.find((entry) => entry.feature === feature)?.lost;
      expect(lost).toBeCloseTo(aucOf(sample.probabilities.pctr as Float32Array) - after, 10);
    }
    expect(ctr?.map(({ feature }) => feature)).toEqual(['strong', 'weak']);
  });

  it('is within its 95% interval in nineteen of twenty logs', async () => {
    const options = { tasks: [CTR], features: ['strong', 'weak'], seed: 1 };
    const { ctr: truth } = await permutationImportance(model, await sampleOf(99, 20_000), options);
    const within = { strong: 0, weak: 0 };
    for (let log = 0; log < 200; log++) {
      const { ctr } = await permutationImportance(model, await sampleOf(log, 300), options);
      for (const { feature, lower, upper } of ctr ?? []) {
        const value = truth?.find((entry) => entry.feature === feature)?.lost as number;
        if (lower <= value && value <= upper) within[feature as 'strong' | 'weak']++;
      }
    }
    for (const times of Object.values(within)) {
      expect(times).toBeGreaterThan(180);
      expect(times).toBeLessThan(200);
    }
  });

  it('does not depend on how many of them are scored at once', async () => {
    const sample = await sampleOf(3, 100, ['strong', 'weak', 'idle']);
    const options = { tasks: [CTR], seed: 1 };
    const all = await permutationImportance(model, sample, { ...options, features: ['strong', 'weak', 'idle'] });
    const alone = await permutationImportance(model, sample, { ...options, features: ['weak'] });
    expect(all.ctr?.find(({ feature }) => feature === 'weak')).toEqual(alone.ctr?.[0]);
    expect(all.ctr?.find(({ feature }) => feature === 'idle')).toMatchObject({ lost: 0, lower: 0, upper: 0 });
  });

  it('is that of the features that move the probabilities most, where they are too many', async () => {
    const names = ['idle1', 'weak', 'idle2', 'strong', 'idle3'];
    const sample = await sampleOf(5, 200, names);
    const plan = { ...planImportance(5), features: 2 };
    const { ctr } = await permutationImportance(model, sample, { tasks: [CTR], features: names, seed: 1 }, plan);
    expect(ctr?.map(({ feature }) => feature)).toEqual(['strong', 'weak']);
  });

  it('is left out for a task of too few positives', async () => {
    const sample = await sampleOf(1, 500);
    const labels = { click: sample.labels.click?.map((value, row) => (row < 30 ? value : 0)) as Int8Array };
    const found = await permutationImportance(
      model,
      { ...sample, labels },
      { tasks: [CTR], features: ['weak'], seed: 1 },
    );
    expect(found).toEqual({ ctr: [] });
  });
});
