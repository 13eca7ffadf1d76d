/** The losses and weights of three training steps of each model written in PyTorch: a reference for the engines. */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { ModelChoice } from '../../lib/config/declaration.ts';
import type { Batch, CreateEngine } from '../../lib/engine/engine.ts';
import { modelOf } from '../../lib/model/model.ts';
import { stageGraph } from '../../lib/model/stage-graph.ts';
import type { InputSpec, TableSpec } from '../../lib/table/encoded.ts';
import { delayedChain } from '../model/funnels.ts';
import { Lcg } from './lcg.ts';

type Values = Readonly<Record<string, number[]>>;

interface Reference {
  readonly losses: readonly Readonly<Record<string, number>>[];
  readonly tables: Values;
  readonly parameters: Values;
}

const ROWS = 6;
const TABLES: readonly TableSpec[] = [
  { name: 'user', rows: 7, dimension: 4 },
  { name: 'item', rows: 5, dimension: 4 },
];
const INPUTS = TABLES.map(({ name }): InputSpec => ({ kind: 'id', name, entity: 'user', table: name }));
const OPTIONS = {
  batchSize: ROWS,
  threads: 1,
  optimizer: { type: 'adam', learningRate: 0.01 },
  l2Embeddings: 0,
  dropout: 0,
  seed: 1,
} as const;
const references = JSON.parse(readFileSync(new URL('reference/models.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, Reference>
>;

const SIZES = { type: 'esmm', hiddenUnits: [8, 4], fields: 'concatenate' } as const;
const EXPERTS = { own: 0, units: [5], levels: 1 } as const;

/** The models that PyTorch trained, by their names in the file. */
export const IN_PYTORCH: Readonly<
  Record<string, Pick<ModelChoice, 'type' | 'hiddenUnits' | 'fields'> & Partial<ModelChoice>>
> = {
  esmm: SIZES,
  'esmm-ns': { ...SIZES, type: 'esmm-ns' },
  base: { ...SIZES, type: 'base' },
  division: { ...SIZES, type: 'division' },
  mmoe: { ...SIZES, experts: { ...EXPERTS, shared: 3 } },
  ple: { ...SIZES, experts: { ...EXPERTS, shared: 2, own: 1, levels: 2 } },
  dcn: { ...SIZES, crosses: { layers: 2, rank: null } },
  'dcn-low-rank': { ...SIZES, crosses: { layers: 2, rank: 3 } },
  'escm2-ips': { ...SIZES, type: 'escm2-ips', propensityFloor: 0.4 },
  'escm2-dr': { ...SIZES, type: 'escm2-dr', propensityFloor: 0.4 },
  dcmt: { ...SIZES, type: 'dcmt', propensityFloor: 0.4, priorWeight: 0.05 },
  aitm: { ...SIZES, type: 'aitm' },
  delayed: { ...SIZES, type: 'delayed' },
  'delay-buckets': { ...SIZES, type: 'delay-buckets', buckets: ['1d', '3d'] },
};

/** Expects an engine to give the losses of each of the three steps, and the weights after them. */
export async function expectStepsOfPyTorch(createEngine: CreateEngine, name: string): Promise<void> {
  const random = new Lcg(11);
  const choice = IN_PYTORCH[name] as (typeof IN_PYTORCH)[string];
  const model = modelOf(stageGraph(delayedChain), choice, INPUTS, TABLES);
  const engine = await createEngine(model, OPTIONS);
  engine.load({
    tables: Object.fromEntries(
      model.embeddings.tables.map(({ name: table, rows, dimension }) => [table, random.values(rows * dimension)]),
    ),
    parameters: Object.fromEntries(
      model.network.parameters.map(({ name: parameter, shape }) => [
        parameter,
        random.values(shape.reduce((a, b) => a * b, 1)),
      ]),
    ),
  });
  const reference = references[name] as Reference;
  for (const expected of reference.losses) {
    const losses = await engine.train(nextBatch(random, model.network.targets ?? []));
    expect(Object.keys(losses)).toEqual(Object.keys(expected));
    expect(Object.keys(losses)).toEqual(Object.keys(expected));
    expectClose(Object.values(losses), Object.values(expected), 'losses', 1e-5);
  }
  const { tables, parameters } = engine.weights();
  expectSame(tables, reference.tables);
  expectSame(parameters, reference.parameters);
  await engine.release();
}

function nextBatch(random: Lcg, targets: readonly string[]): Batch {
  const ids = Object.fromEntries(
    TABLES.map(({ name, rows }) => [name, Int32Array.from({ length: ROWS }, () => random.next() % rows)]),
  );
  const click = Float32Array.from({ length: ROWS }, () => random.next() >>> 31);
  const conversion = Float32Array.from(click, (clicked) => clicked * (random.next() >>> 31));
  const delays = targets.map((name) => {
    const days = conversion.map((converted) => (converted === 1 ? 1 : -1) * ((random.next() >>> 24) + 1) * 2 ** -4);
    return [name, days] as const;
  });
  const labels = { click, conversion, ...Object.fromEntries(delays) };
  const weights = Object.fromEntries(Object.keys(labels).map((name) => [name, new Float32Array(ROWS).fill(1 / ROWS)]));
  return { rows: ROWS, ids, coefficients: {}, numbers: {}, labels, weights };
}

function expectSame(got: Readonly<Record<string, Float32Array>>, expected: Values): void {
  expect(Object.keys(got)).toEqual(Object.keys(expected));
  for (const [name, values] of Object.entries(expected)) expectClose([...(got[name] as Float32Array)], values, name);
}

/** Expects values within 2e-6, and within a further share of their size. */
function expectClose(got: readonly number[], expected: readonly number[], what: string, share = 0): void {
  expect(got.length, what).toBe(expected.length);
  got.forEach((value, i) => {
    expect(
      Math.abs(value - (expected[i] as number)),
      `${what} ${i}: got ${value}, expected ${expected[i]}`,
    ).toBeLessThanOrEqual(2e-6 + share * Math.abs(expected[i] as number));
  });
}
