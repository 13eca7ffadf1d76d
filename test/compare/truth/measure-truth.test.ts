import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { SeedScores } from '../../../lib/compare/result/model-result.ts';
import { TRUTH_FIGURE_NAMES, type TruthFigure } from '../../../lib/compare/truth/figures.ts';
import { measureTruth } from '../../../lib/compare/truth/measure-truth.ts';
import { groupUnits } from '../../../lib/gate/comparison/bootstrap.ts';
import type { Truth } from '../../../lib/table/check/truth.ts';
import { sampleRows } from '../reference/rows.ts';

type Values = Readonly<Record<TruthFigure, number>>;
const REFERENCE = JSON.parse(readFileSync(new URL('../reference/truth.json', import.meta.url), 'utf8')) as Readonly<
  Record<
    'clicked' | 'unclicked' | 'all',
    {
      readonly rows: number;
      readonly own: Values;
      readonly other: Values;
      readonly truth: number;
      readonly difference: Readonly<Record<TruthFigure, { readonly lower: number; readonly upper: number }>>;
    }
  >
>;

const { labels, group, own, other, truth } = sampleRows();
const input = {
  columns: { pcvr: 'true_pcvr', pcvr_do: 'true_pcvr_do' },
  outcomes: { labels, weight: null },
  click: 'click',
  units: groupUnits(group),
  seed: 1,
};
const scored = (name: string, ...scores: readonly Float32Array[]) => ({
  name,
  async *scores(): AsyncGenerator<SeedScores> {
    const facts = { isCalibrated: true, isOnChosenRows: false, networks: [] };
    for (const [index, pcvr] of scores.entries()) yield { seed: index + 1, probabilities: { pcvr }, facts };
  },
});
const measured = (known: Truth, ...models: readonly ReturnType<typeof scored>[]) =>
  measureTruth({ ...input, truth: known }, models, 'other');

describe('the distance of models from the truth', () => {
  const found = measured({ pcvr: truth }, scored('own', own.pcvr), scored('other', other.pcvr));

  it.each(['clicked', 'unclicked', 'all'] as const)(
    'is that of an independent computation over %s rows',
    async (rows) => {
      const { models, bounds, rows: counts } = await found;
      const expected = REFERENCE[rows];
      expect(counts[rows]).toBe(expected.rows);
      expect(bounds.find((one) => one.rows === rows)?.auc).toBeCloseTo(expected.truth, 9);
      for (const name of ['own', 'other'] as const)
        for (const figure of TRUTH_FIGURE_NAMES) {
          const model = models.find((one) => one.name === name && one.rows === rows);
          expect(model?.mean[figure]).toBeCloseTo(expected[name][figure], 9);
          expect(model?.averaged?.[figure]).toBeCloseTo(expected[name][figure], 9);
        }
    },
  );

  it.each(['clicked', 'unclicked', 'all'] as const)(
    'has intervals over users as those of whole resamples: %s',
    async (rows) => {
      const { models } = await found;
      const differences = models.find((one) => one.name === 'own' && one.rows === rows)?.differences;
      for (const figure of TRUTH_FIGURE_NAMES) {
        const { value, lower, upper } = differences?.[figure].overUsers ?? {};
        const expected = REFERENCE[rows].difference[figure];
        expect(value).toBeCloseTo(REFERENCE[rows].own[figure] - REFERENCE[rows].other[figure], 9);
        // Both have an error of resampling; that of 2,000 resamples is some 3% of the width.
        const tolerance = 0.08 * (expected.upper - expected.lower);
        expect(Math.abs((lower as number) - expected.lower), `${figure} lower`).toBeLessThan(tolerance);
        expect(Math.abs((upper as number) - expected.upper), `${figure} upper`).toBeLessThan(tolerance);
      }
    },
  );

  it('is nothing for the truth itself, which has the greatest AUC', async () => {
    const { models, bounds } = await measured(
      { pcvr: Float64Array.from(Float32Array.from(truth)) },
      scored('exact', Float32Array.from(truth)),
      scored('other', other.pcvr),
    );
    const exact = models.find(({ name, rows }) => name === 'exact' && rows === 'all');
    expect(exact?.mean).toEqual({
      mean_absolute_error: 0,
      mean_relative_error: 0,
      log_odds_rmse: 0,
      bias: expect.closeTo(1, 12),
      auc: bounds.at(-1)?.auc,
    });
    expect(exact?.mean.auc).toBeGreaterThan(models.find(({ name }) => name === 'other')?.mean.auc ?? 1);
  });

  it('is given over seeds, and of a model without a seed not at all', async () => {
    const { models } = await measured(
      { pcvr: truth },
      scored('two', own.pcvr, other.pcvr),
      scored('none'),
      scored('other', other.pcvr, other.pcvr),
    );
    const [two, none, reference] = ['two', 'none', 'other'].map((name) => models.find((one) => one.name === name));
    const [first, second] = two?.seeds.map(({ figures }) => figures.bias as number) ?? [];
    expect(two?.mean.bias).toBeCloseTo(((first as number) + (second as number)) / 2, 12);
    expect(two?.differences?.bias.overSeeds.value).toBeCloseTo(((first as number) - (second as number)) / 2, 12);
    expect(none).toMatchObject({ seeds: [], averaged: null, differences: null, mean: { auc: null } });
    expect(reference?.differences).toBeNull();
  });

  it('is of one truth where both are equal, else of both', async () => {
    const models = [scored('other', other.pcvr)];
    expect(await measured({ pcvr: truth, pcvr_do: truth.slice() }, ...models)).toMatchObject({
      areEqual: true,
      kinds: [{ kind: 'pcvr', column: 'true_pcvr' }],
    });
    const both = await measured({ pcvr: truth, pcvr_do: truth.map((value) => value / 2) }, ...models);
    expect(both).toMatchObject({
      areEqual: false,
      kinds: [{ kind: 'pcvr' }, { kind: 'pcvr_do', column: 'true_pcvr_do' }],
    });
    expect(both.models).toHaveLength(6);
    expect(await measured({ pcvr_do: truth }, ...models)).toMatchObject({ kinds: [{ kind: 'pcvr_do' }] });
  });

  it('counts a row by its weight', async () => {
    const halves = Float32Array.from(own.pcvr, (_, row) => (row % 2 === 0 ? 2 : 0));
    const weighted = await measureTruth(
      { ...input, truth: { pcvr: truth }, outcomes: { labels, weight: halves } },
      [scored('other', other.pcvr)],
      'other',
    );
    let [sum, rows] = [0, 0];
    for (let row = 0; row < truth.length; row += 2) {
      sum += Math.abs((other.pcvr[row] as number) - (truth[row] as number));
      rows++;
    }
    expect(weighted.models.find(({ rows: of }) => of === 'all')?.mean.mean_absolute_error).toBeCloseTo(sum / rows, 9);
  });
});
