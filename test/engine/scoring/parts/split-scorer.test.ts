import { afterEach, describe, expect, it } from 'vitest';
import { openScorer, readProgram } from '../../../../lib/engine/scoring/program.ts';
import type { Scorer } from '../../../../lib/engine/scoring/scorer.ts';
import { stageGraph } from '../../../../lib/model/stage-graph.ts';
import { pickEncoded } from '../../../../lib/report/importance/encoded-rows.ts';
import type { EncodedChunk } from '../../../../lib/table/encoded.ts';
import { chainOfThree } from '../../../model/funnels.ts';
import { Lcg } from '../../lcg.ts';
import { INPUTS, MODELS, smallChunk, smallModel } from '../../small-model.ts';
import { largestDifference, published, wholeScores } from '../published.ts';

/** What the issue of equal results allows, relative to the whole model's score. */
const TOLERANCE = 1e-5;

let scorer: Scorer;
afterEach(() => scorer.release());

async function open(folder: string): Promise<Scorer> {
  scorer = await openScorer(await readProgram(folder, { threads: 1, tableBytes: 1e6 }), { threads: 1 });
  return scorer;
}

describe('a model in parts', () => {
  it.each(MODELS)('scores as the whole model does: $name', async ({ model }) => {
    const folder = await published(model);
    const chunk = smallChunk(700);
    expect((await readProgram(folder)).split?.parts.length).toBeGreaterThanOrEqual(3);
    expect(largestDifference(await (await open(folder)).predict(chunk), await wholeScores(folder, chunk))).toBeLessThan(
      TOLERANCE,
    );
  });

  it('may have inputs with any names of features, as those of its own values are', async () => {
    const other = ['part', 'shape_0', 't1', 's2', 'c3', 'batch_size'];
    const names = new Map(INPUTS.map(({ name }, i) => [name, other[i] ?? name]));
    const renamed = <Value>(record: Readonly<Record<string, Value>>) =>
      Object.fromEntries(Object.entries(record).map(([name, value]) => [names.get(name) ?? name, value]));
    const inputs = INPUTS.map((input) => ({ ...input, name: names.get(input.name) ?? input.name }));
    const folder = await published(smallModel('concatenate', stageGraph(chainOfThree), 'esmm', inputs));
    const { rows, ids, weights, numbers } = smallChunk(200);
    const chunk = { rows, ids: renamed(ids), weights: renamed(weights), numbers: renamed(numbers) };
    const expected = await wholeScores(await published(smallModel()), smallChunk(200));
    expect((await readProgram(folder)).split?.parts.length).toBeGreaterThanOrEqual(3);
    expect(largestDifference(await wholeScores(folder, chunk), expected)).toBe(0);
    expect(largestDifference(await (await open(folder)).predict(chunk), expected)).toBeLessThan(TOLERANCE);
  });

  it('has its products calibrated as those of the whole model', async () => {
    const conversion = { kind: 'platt', slope: 0.7, intercept: -1 } as const;
    const folder = await published(smallModel(), undefined, { of: 'product', calibrators: { conversion } });
    const [chunk, plain] = [smallChunk(200), await wholeScores(await published(smallModel()), smallChunk(200))];
    const scores = await (await open(folder)).predict(chunk);
    expect((await readProgram(folder)).split?.parts.length).toBeGreaterThan(1);
    expect(largestDifference(scores, await wholeScores(folder, chunk))).toBeLessThan(TOLERANCE);
    expect(scores.pctr?.every((pctr, row) => (scores.pctcvr?.[row] as number) <= pctr)).toBe(true);
    expect(
      largestDifference({ pctcvr: scores.pctcvr as Float32Array }, { pctcvr: plain.pctcvr as Float32Array }),
    ).toBeGreaterThan(0.1);
  });

  it('reads weights from a file beside the model', async () => {
    const folder = await published(smallModel(), 100);
    const chunk = smallChunk(50);
    expect(largestDifference(await (await open(folder)).predict(chunk), await wholeScores(folder, chunk))).toBeLessThan(
      TOLERANCE,
    );
  });
});

describe('a row', () => {
  const rows = 3000;
  const chunk = smallChunk(rows);

  it('has the same score in whatever order the rows are, and however they are cut', async () => {
    const folder = await published(smallModel());
    const expected = await wholeScores(folder, chunk);
    await open(folder);
    const random = new Lcg(3);
    const order = Uint32Array.from({ length: rows }, (_, i) => i).sort(() => random.value());
    for (let at = 0; at < rows; ) {
      const some = order.subarray(at, at + 1 + (random.next() % 400));
      const scores = await scorer.predict(pickEncoded(chunk, some));
      expect(largestDifference(scores, pick(expected, some))).toBeLessThan(TOLERANCE);
      at += some.length;
    }
  });

  it('has the same bits whether its entities were there before or not', async () => {
    await open(await published(smallModel()));
    const first = await scorer.predict(chunk);
    await scorer.predict(smallChunk(500, 5000));
    expect(await scorer.predict(chunk)).toEqual(first);
  });
});

it('scores rows that repeat nothing by the whole model', async () => {
  const folder = await published(smallModel());
  const chunk = distinctRows(512);
  expect(await (await open(folder)).predict(chunk)).toEqual(await wholeScores(folder, chunk));
});

it('scores rows whose users alone repeat, whatever came before, with the same bits', async () => {
  await open(await published(smallModel()));
  // As many rows as show that items do not return, which are then computed for each row.
  const chunk = rowsOfUsers(5, 20_000);
  const first = await scorer.predict(chunk);
  await scorer.predict(rowsOfUsers(2, 20_000));
  expect(await scorer.predict(chunk)).toEqual(first);
});

/** Rows of some users, with items and contexts that are all different. */
function rowsOfUsers(users: number, rows: number): EncodedChunk {
  const distinct = distinctRows(rows);
  const user = smallChunk(users);
  const taken = (length: number, values: Int32Array | Float32Array) => (_: unknown, i: number) =>
    values[(Math.floor(i / length) % users) * length + (i % length)] as number;
  return {
    rows,
    ids: {
      ...distinct.ids,
      city: Int32Array.from({ length: rows }, taken(1, user.ids.city as Int32Array)),
      history: Int32Array.from({ length: 4 * rows }, taken(4, user.ids.history as Int32Array)),
    },
    weights: { history: Float32Array.from({ length: 4 * rows }, taken(4, user.weights.history as Float32Array)) },
    numbers: {
      ...distinct.numbers,
      age: Float32Array.from({ length: rows }, taken(1, user.numbers.age as Float32Array)),
    },
  };
}

/** Rows of users, items and contexts that are all different, by their numbers. */
function distinctRows(rows: number): EncodedChunk {
  const { ids, weights } = smallChunk(rows);
  const numbers = (scale: number) => Float32Array.from({ length: rows }, (_, i) => (i / rows) * scale);
  return { rows, ids, weights, numbers: { age: numbers(2), price: numbers(3), score: numbers(1) } };
}

function pick(scores: Readonly<Record<string, Float32Array>>, rows: Uint32Array): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(scores).map(([name, values]) => [name, Float32Array.from(rows, (row) => values[row] ?? 0)]),
  );
}
