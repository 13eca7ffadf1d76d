/** The layers that pool sequences, beside PyTorch, and what must not change what they return. */
import '@tensorflow/tfjs-backend-cpu';
import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SequencePooling } from '../../lib/config/features/sequence.ts';
import { traceScores } from '../../lib/engine/ort/scoring-graph.ts';
import { Session } from '../../lib/engine/ort/session.ts';
import { columnInputs, InputTensors } from '../../lib/engine/scoring/column-inputs.ts';
import { onnxBytes } from '../../lib/graph/onnx-file.ts';
import '../../lib/model/gradients/kernel-gradients.ts';
import { layoutOf } from '../../lib/model/fields.ts';
import { poolersOf } from '../../lib/model/sequences.ts';
import { stageGraph } from '../../lib/model/stage-graph.ts';
import { isPooling } from '../../lib/onnx/pooling-parameters.ts';
import type { EncodedChunk } from '../../lib/table/encoded.ts';
import { expectClose } from '../engine/expect-close.ts';
import { someWeights } from '../engine/small-batch.ts';
import {
  ATTENTION,
  DIN,
  inputsOf,
  inputsWith,
  LSTM,
  smallChunk,
  smallModel,
  TARGET_LSTM,
} from '../engine/small-model.ts';
import { chainOfThree } from './funnels.ts';

type Values = Readonly<Record<string, readonly number[]>>;

/** A pooling computed by `reference/sequence_layers.py`. */
interface Case {
  readonly name: string;
  readonly pooling: SequencePooling;
  readonly items: readonly number[];
  readonly candidates: readonly number[];
  readonly weights: Values;
  readonly pooled: readonly number[];
  readonly gradients: Values;
}

const { lengths, most, dimension, cases } = JSON.parse(
  await readFile(new URL('reference/sequence-layers.json', import.meta.url), 'utf8'),
) as { readonly lengths: number[]; readonly most: number; readonly dimension: number; readonly cases: readonly Case[] };

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** The layers of a case, for sequences of so many items at most. */
function layersOf({ pooling, weights }: Case, length: number) {
  const shape = { name: 'x', entity: 'user', table: 'item' } as const;
  const layout = layoutOf(
    [
      { ...shape, kind: 'sequence', length, pooling },
      { ...shape, kind: 'id', name: 'item' },
    ],
    [{ name: 'item', dimension, rows: 9 }],
    'concatenate',
  );
  const pooler = poolersOf(layout, '').get('x');
  if (pooler === undefined) throw new Error('no layers');
  const parameters = pooler.parameters.map((spec) => {
    const values = weights[spec.name.slice('x.'.length)] ?? [];
    const size = spec.shape.reduce((a, b) => a * b, 1);
    // A position that no row has may have any weights.
    return [spec.name, tf.tensor([...values, ...new Array<number>(size - values.length).fill(7)], [...spec.shape])];
  });
  return { pooler, parameters: Object.fromEntries(parameters) as Record<string, tf.Tensor> };
}

/** The items of a case, of rows padded to a length with some value. */
function itemsOf({ items }: Case, length: number, padding: number): tf.Tensor2D {
  const rows = lengths.flatMap((own, row) =>
    Array.from({ length: length * dimension }, (_, i) =>
      i < own * dimension ? (items[row * most * dimension + i] as number) : padding,
    ),
  );
  return tf.tensor2d(rows, [lengths.length, length * dimension]);
}

const presentOf = (length: number) =>
  tf.tensor2d(lengths.map((own) => Array.from({ length }, (_, k) => Number(k < own))));

describe.each(cases)('$name', (one) => {
  const candidates = () => tf.tensor2d([...one.candidates], [lengths.length, dimension]);

  function pool(length: number, padding: number): Float32Array {
    const { pooler, parameters } = layersOf(one, length);
    const items = { values: itemsOf(one, length, padding), present: presentOf(length) };
    const candidate = one.pooling.to === null ? null : candidates();
    return pooler.pool(pooler.states(items, parameters), candidate, parameters).dataSync() as Float32Array;
  }

  it('gives the values of PyTorch, whatever the padded length is', () => {
    for (const length of [most, most + 1, 2 * most])
      expectClose(pool(length, 0), Float32Array.from(one.pooled), 1e-6, `${length} items`);
  });

  it('gives the gradients of PyTorch, and none to padding', () => {
    const { pooler, parameters } = layersOf(one, most);
    const names = pooler.parameters.map(({ name }) => name);
    const has = one.pooling.to !== null;
    const gradients = tf.grads((...given: tf.Tensor[]) => {
      const [values, candidate, ...weights] = given as [tf.Tensor, tf.Tensor, ...tf.Tensor[]];
      const by = Object.fromEntries(names.map((name, i) => [name, weights[i] as tf.Tensor]));
      const states = pooler.states({ values, present: presentOf(most) }, by);
      const pooled = pooler.pool(states, has ? candidate : null, by);
      const factors = tf.reshape(tf.range(1, lengths.length * dimension + 1), [-1, dimension]);
      const sum = tf.sum(tf.mul(pooled, factors));
      return has ? sum : tf.add(sum, tf.mul(tf.sum(candidate), 0));
    });
    const got = gradients([itemsOf(one, most, 0), candidates(), ...names.map((name) => parameters[name] as tf.Tensor)]);
    for (const [i, name] of ['items', 'candidates', ...names.map((parameter) => parameter.slice(2))].entries()) {
      const expected = one.gradients[name];
      if (expected !== undefined)
        // The 1 beside the values gives a tolerance to gradients that are all 0.
        expectClose(
          Float32Array.of(...(got[i] as tf.Tensor).dataSync(), 1),
          Float32Array.of(...expected, 1),
          1e-5,
          name,
        );
    }
  });

  it('has parameters that are told by their names', () => {
    const { pooler } = layersOf(one, most);
    for (const { name } of pooler.parameters) expect([name, `click.${name}`].map(isPooling)).toEqual([true, true]);
    expect(['click.0.weight', 'level0.shared0.0.weight', 'attention.0.weight'].map(isPooling)).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe.each([
  { name: 'target attention with positions', pooling: ATTENTION, knowsOrder: true },
  { name: 'target attention', pooling: DIN, knowsOrder: false },
  { name: 'an LSTM', pooling: LSTM, knowsOrder: true },
  { name: 'an LSTM with target attention', pooling: TARGET_LSTM, knowsOrder: true },
])('the scores of a model with $name', ({ pooling, knowsOrder }) => {
  const model = smallModel('concatenate', stageGraph(chainOfThree), {}, inputsWith(pooling));

  async function scores(chunk: EncodedChunk): Promise<Float32Array> {
    const specs = inputsOf(model);
    const session = await Session.open(onnxBytes(traceScores(model, specs, someWeights(model))), { threads: 1 });
    const { pctcvr } = await session.run(new InputTensors(columnInputs(specs), chunk.rows).of(chunk, 0, chunk.rows));
    await session.release();
    return pctcvr as Float32Array;
  }

  const chunk = smallChunk(40);
  const [ids, weights] = [chunk.ids.seen as Int32Array, chunk.weights.seen as Float32Array];
  const withSeen = (seen: Int32Array, own = weights): EncodedChunk => ({
    ...chunk,
    ids: { ...chunk.ids, seen },
    weights: { ...chunk.weights, seen: own },
  });

  it('do not depend on what stands in the padding', async () => {
    const filled = ids.map((id, at) => (weights[at] === 0 ? (at * 7) % 40 : id));
    expect(await scores(withSeen(filled))).toEqual(await scores(chunk));
  });

  it('are, without an item, those of one missing value', async () => {
    const none = weights.map(() => 0);
    const missing = weights.map((_, at) => Number(at % 4 === 0));
    expect(await scores(withSeen(ids, none))).toEqual(await scores(withSeen(new Int32Array(160), missing)));
  });

  it(`${knowsOrder ? 'differ' : 'are the same'} if the items are in another order`, async () => {
    const full = weights.map(() => 1);
    const items = ids.map((_, at) => (at * 11 + 3) % 40);
    const reversed = items.map((_, at) => items[at - (at % 4) + 3 - (at % 4)] as number);
    const [one, other] = [await scores(withSeen(items, full)), await scores(withSeen(reversed, full))];
    const differences = one.map((score, row) => Math.abs(score / (other[row] as number) - 1));
    if (knowsOrder) expect(Math.max(...differences)).toBeGreaterThan(1e-4);
    else expect(Math.max(...differences)).toBeLessThan(1e-5);
  });
});

it('a sequence whose fields are summed by entity is refused', () => {
  expect(() => smallModel('sum_by_entity', undefined, {}, inputsWith(DIN))).toThrow(
    'input seen: got a sequence whose fields are summed, expected concatenated ones',
  );
});
