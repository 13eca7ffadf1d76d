import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createEngine } from '../../../lib/engine/create-engine.ts';
import type { Batch } from '../../../lib/engine/engine.ts';
import { layoutOf } from '../../../lib/model/fields.ts';
import { networkOf } from '../../../lib/model/models/index.ts';
import { stageGraph } from '../../../lib/model/stage-graph.ts';
import type { InputSpec, TableSpec } from '../../../lib/table/encoded.ts';
import { chainOfThree } from '../../model/funnels.ts';
import { Lcg } from '../lcg.ts';

interface Reference {
  readonly losses: readonly { readonly click: number; readonly conversion: number }[];
  readonly tables: Readonly<Record<string, number[]>>;
  readonly parameters: Readonly<Record<string, number[]>>;
}

const ROWS = 6;
const TABLES: readonly TableSpec[] = [
  { name: 'user', rows: 7, dimension: 4 },
  { name: 'item', rows: 5, dimension: 4 },
];
const INPUTS = TABLES.map(({ name }): InputSpec => ({ kind: 'id', name, entity: 'user', table: name }));
const reference = JSON.parse(readFileSync(new URL('../reference/esmm.json', import.meta.url), 'utf8')) as Reference;

it('has the losses, and after three steps the weights, of ESMM written in PyTorch', async () => {
  const random = new Lcg(11);
  const graph = stageGraph(chainOfThree);
  const layout = layoutOf(INPUTS, TABLES, 'concatenate');
  const network = networkOf('esmm', { graph, width: layout.width, hiddenUnits: [8, 4] });
  const optimizer = { type: 'adam', learningRate: 0.01 } as const;
  const engine = await createEngine({ graph, layout, network }, TABLES, {
    batchSize: ROWS,
    threads: 1,
    optimizer,
    l2Embeddings: 0,
    dropout: 0,
    seed: 1,
  });
  engine.load({
    tables: Object.fromEntries(TABLES.map(({ name, rows, dimension }) => [name, random.values(rows * dimension)])),
    parameters: Object.fromEntries(
      network.parameters.map(({ name, shape }) => [name, random.values(shape.reduce((a, b) => a * b, 1))]),
    ),
  });
  for (const expected of reference.losses) {
    const losses = await engine.train(nextBatch(random));
    expectClose([losses.click as number, losses.conversion as number], [expected.click, expected.conversion], 'losses');
  }
  const { tables, parameters } = engine.weights();
  for (const [name, expected] of Object.entries(reference.tables))
    expectClose([...(tables[name] as Float32Array)], expected, name);
  for (const [name, expected] of Object.entries(reference.parameters))
    expectClose([...(parameters[name] as Float32Array)], expected, name);
  await engine.release();
});

function nextBatch(random: Lcg): Batch {
  const ids = Object.fromEntries(
    TABLES.map(({ name, rows }) => [name, Int32Array.from({ length: ROWS }, () => random.next() % rows)]),
  );
  const click = Float32Array.from({ length: ROWS }, () => random.next() >>> 31);
  const conversion = Float32Array.from(click, (clicked) => clicked * (random.next() >>> 31));
  const weights = { click: new Float32Array(ROWS).fill(1 / ROWS), conversion: new Float32Array(ROWS).fill(1 / ROWS) };
  return { rows: ROWS, ids, coefficients: {}, numbers: {}, labels: { click, conversion }, weights };
}

function expectClose(got: readonly number[], expected: readonly number[], what: string): void {
  expect(got.length, what).toBe(expected.length);
  got.forEach((value, i) => {
    expect(
      Math.abs(value - (expected[i] as number)),
      `${what} ${i}: got ${value}, expected ${expected[i]}`,
    ).toBeLessThanOrEqual(2e-6);
  });
}
