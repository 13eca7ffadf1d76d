import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { likeliestStrength } from '../../../lib/compare/hierarchical/beta-binomial.ts';
import { estimate, fitEstimator } from '../../../lib/compare/hierarchical/estimator.ts';
import { Tree } from '../../../lib/compare/hierarchical/tree.ts';

const REFERENCE = JSON.parse(readFileSync(new URL('../reference/hierarchical.json', import.meta.url), 'utf8')) as {
  readonly positives: number;
  readonly strengths: readonly (readonly number[])[];
  readonly root: number;
  readonly rates: readonly (readonly number[])[];
  readonly coefficients: readonly number[];
  readonly probabilities: readonly number[];
};
const [ROWS, SEED, CATEGORIES, ITEMS, SEGMENTS] = [3000, 20180412, 6, 60, 5];

/** A uniform number in [0, 1): mulberry32's output at a counter, as in hierarchical.py. */
function draw(counter: number): number {
  const state = (SEED + Math.imul(counter, 0x6d2b79f5)) | 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}

const ids = {
  item: Int32Array.from({ length: ROWS }, (_, row) => Math.floor(ITEMS * draw(row * 4 + 1) ** 2)),
  category: new Int32Array(ROWS),
  segment: Int32Array.from({ length: ROWS }, (_, row) => Math.floor(SEGMENTS * draw(row * 4 + 2))),
};
for (const [row, item] of ids.item.entries()) ids.category[row] = item % CATEGORIES;
const label = Float32Array.from({ length: ROWS }, (_, row) => {
  const [item, category, segment] = [ids.item[row], ids.category[row], ids.segment[row]] as [number, number, number];
  const rate = 0.05 + 0.2 * draw(1_000_000 + item) + (0.1 * category) / CATEGORIES + (0.15 * segment) / SEGMENTS;
  return Number(draw(row * 4 + 3) < rate);
});
const weight = new Float32Array(ROWS).fill(1);
const folds = { key: 0, bits: () => 0, uniform: (row: number) => draw(row * 4 + 4) };

const trees = [
  new Tree([
    { name: 'category', size: CATEGORIES },
    { name: 'item', size: ITEMS },
  ]),
  new Tree([{ name: 'segment', size: SEGMENTS }]),
];
const placed = trees.map((tree) => ({ tree, nodes: tree.add(ids, ROWS) }));
const fitted = fitEstimator({ trees: placed, label, weight }, { folds, factor: 1 });

describe('a hierarchical estimator', () => {
  it('has the rates and strengths of an independent computation', () => {
    expect(label.reduce((sum, value) => sum + value, 0)).toBe(REFERENCE.positives);
    for (const [index, { root, levels, strengths }] of fitted.rates.entries()) {
      expect(root).toBeCloseTo(REFERENCE.root, 12);
      for (const [level, strength] of strengths.entries())
        expect(strength / (REFERENCE.strengths[index]?.[level] as number)).toBeCloseTo(1, 3);
      const nodes = placed[index]?.nodes.at(-1) as Int32Array;
      for (const [row, rate] of (REFERENCE.rates[index] ?? []).entries())
        expect(levels.at(-1)?.[nodes[row] as number]).toBeCloseTo(rate, 5);
    }
  });

  it('combines them as an independent logistic regression does', () => {
    for (const [index, coefficient] of REFERENCE.coefficients.entries())
      expect(fitted.coefficients[index]).toBeCloseTo(coefficient, 3);
    const probabilities = estimate(
      fitted,
      placed.map(({ nodes }) => nodes),
      ROWS,
    );
    for (const [row, probability] of REFERENCE.probabilities.entries())
      expect(probabilities[row]).toBeCloseTo(probability, 4);
  });

  it('gives values that the training rows do not have the rate of the level above', () => {
    const strange = { category: Int32Array.of(3, 99), item: Int32Array.of(999, 999), segment: Int32Array.of(1, 1) };
    const nodes = trees.map((tree) => tree.find(strange, 2));
    expect(nodes[0]?.map((level) => [...level])).toEqual([
      [expect.any(Number), -1],
      [-1, -1],
    ]);
    const single = { rates: fitted.rates.slice(0, 1), coefficients: Float64Array.of(0, 1) };
    const [ofCategory, ofNothing] = estimate(single, [nodes[0] as Int32Array[]], 2);
    const [{ levels, root } = { levels: [], root: Number.NaN }] = single.rates;
    expect(ofCategory).toBeCloseTo(levels[0]?.[nodes[0]?.[0]?.[0] as number] as number, 6);
    expect(ofNothing).toBeCloseTo(root, 6);
  });
});

describe('the strength of a prior', () => {
  const counts = (successes: readonly number[]) => ({
    trials: Float64Array.from(successes, () => 100),
    successes: Float64Array.from(successes),
    expected: Float64Array.from(successes, () => 0.5),
  });

  it('is great where children do not differ, and small where they do', () => {
    expect(likeliestStrength(counts([50, 50, 50, 50]))).toBeGreaterThan(1e5);
    expect(likeliestStrength(counts([0, 100, 2, 98]))).toBeLessThan(1);
  });
});
