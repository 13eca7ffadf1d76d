import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ExpertsChoice } from '../../lib/config/declaration.ts';
import { towerLayers } from '../../lib/model/layers/tower.ts';
import { modelOf } from '../../lib/model/model.ts';
import { esmm } from '../../lib/model/models/esmm.ts';
import { stageGraph } from '../../lib/model/stage-graph.ts';
import { fillNormal } from '../../lib/numbers/normal.ts';
import { randomStream } from '../../lib/numbers/random.ts';
import { fillUntrainedRows } from '../../lib/training/weights/fill-untrained.ts';
import { initialWeights, weightsInPieces } from '../../lib/training/weights/initial-weights.ts';
import { firstWeights } from '../engine/first-weights.ts';
import { smallModel } from '../engine/small-model.ts';
import { esm2 } from '../model/funnels.ts';

describe('initial weights', () => {
  const model = smallModel();
  const { parameters, tables } = firstWeights(model, { click: 0.04, conversion: 2e-4 }, 7);

  it('give each tower the logit of its edge’s training rate', () => {
    expect(parameters['click.2.bias']?.[0]).toBeCloseTo(Math.log(0.04 / 0.96), 5);
    expect(parameters['conversion.2.bias']?.[0]).toBeCloseTo(Math.log(0.005 / 0.995), 5);
    expect([...(parameters['conversion.2.weight'] as Float32Array)]).toEqual(new Array(8).fill(0));
  });

  it('leave a stage that is always reached room to learn otherwise', () => {
    const { parameters: ofCertain } = firstWeights(model, { click: 1, conversion: 0 }, 7);
    const logit = Math.log((1 - 1e-6) / 1e-6);
    expect(ofCertain['click.2.bias']?.[0]).toBeCloseTo(logit, 5);
    expect(ofCertain['conversion.2.bias']?.[0]).toBeCloseTo(-logit, 5);
  });

  it('draw embeddings from N(0, 0.01 squared)', () => {
    const values = [...(tables.item as Float32Array)];
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    expect(Math.abs(mean)).toBeLessThan(0.002);
    expect(deviation).toBeGreaterThan(0.009);
    expect(deviation).toBeLessThan(0.011);
  });

  it('draw dense weights within the limits of Glorot, and none for “is missing”', () => {
    const weight = parameters['click.0.weight'] as Float32Array;
    const limit = Math.sqrt(6 / (model.layout.width + 16));
    expect(weight.every((value) => Math.abs(value) <= limit)).toBe(true);
    const { width, missingColumns } = model.layout;
    expect(missingColumns).toEqual([width - 3, width - 1]);
    const zeros = [...weight.keys()].filter((i) => weight[i] === 0);
    expect(zeros).toEqual(missingColumns.flatMap((column) => Array.from({ length: 16 }, (_, k) => column * 16 + k)));
  });

  it('draw all weights of a hidden layer that is as wide as the input', () => {
    const { width } = model.layout;
    const shape = { graph: model.graph, width, hiddenUnits: [width, 4] };
    const { parameters: ofWide } = firstWeights({ ...model, network: esmm(shape) }, {}, 7);
    expect([...(ofWide['click.1.weight'] as Float32Array)].filter((value) => value === 0)).toEqual([]);
  });

  it('depend on the seed alone', () => {
    expect(firstWeights(model, { click: 0.04, conversion: 2e-4 }, 7)).toEqual({ parameters, tables });
    expect(firstWeights(model, { click: 0.04, conversion: 2e-4 }, 8).tables).not.toEqual(tables);
  });

  it('take the rate after a complement from the stage that lies on every path', () => {
    const { parameters: ofEsm2 } = firstWeights(
      smallModel('concatenate', stageGraph(esm2)),
      { click: 0.1, action: 0.02, buy: 0.001 },
      7,
    );
    expect(ofEsm2['action.2.bias']?.[0]).toBeCloseTo(Math.log(0.2 / 0.8), 5);
    expect(ofEsm2['buy_after_other.2.bias']?.[0]).toBeCloseTo(Math.log(0.01 / 0.99), 5);
  });
});

describe('initial weights of large tables', () => {
  const ROWS = 700_000;
  const model = modelOf(
    smallModel().graph,
    { type: 'esmm', hiddenUnits: [4], fields: 'concatenate' },
    (['a', 'b'] as const).map((name) => ({ kind: 'id', name, entity: 'user', table: name }) as const),
    [
      { name: 'a', rows: 3, dimension: 5 },
      { name: 'b', rows: ROWS, dimension: 8 },
    ],
  );
  const wholeTable = (name: string, size: number) =>
    fillNormal(new Float32Array(size), 0.01, randomStream(7, `embedding/${name}`));

  it('are the same bytes in pieces of any size', () => {
    const small = { ...model, embeddings: { ...model.embeddings, tables: model.embeddings.tables.slice(0, 1) } };
    const drawing = weightsInPieces(small, {}, 7, 4);
    const told: unknown[] = [];
    let step = drawing.next();
    for (; !step.done; step = drawing.next()) told.push(step.value);
    expect(told).toEqual([0, 1, 2].map((done) => ({ done, total: 3 })));
    expect(step.value.tables.a).toEqual(wholeTable('a', 15));
    expect(step.value.tables.a).toEqual(firstWeights(small, {}, 7).tables.a);
  });

  it('tell how far they are, and let the event loop go on meanwhile', async () => {
    const told: unknown[] = [];
    let turns = 0;
    const { tables } = await initialWeights(model, {}, 7, {
      onProgress: (drawn) => {
        told.push(drawn);
        setImmediate(() => turns++);
      },
    });
    expect(told).toEqual([{ done: 3 + 2 ** 22 / 8, total: 3 + ROWS }]);
    expect(turns).toBe(1);
    const expected = wholeTable('b', 8 * ROWS);
    expect(tables.b?.every((value, index) => value === expected[index])).toBe(true);
  });

  it('are drawn no further after a signal', async () => {
    const stopping = new AbortController();
    const reason = new Error('stopped');
    const drawing = initialWeights(model, {}, 7, {
      onProgress: () => setImmediate(() => stopping.abort(reason)),
      signal: stopping.signal,
    });
    await expect(drawing).rejects.toBe(reason);
  });
});

describe('the last hidden layer of a new tower', () => {
  const ROWS = 300;
  const model = smallModel();
  const { graph } = model;
  const { width } = model.layout;

  beforeAll(async () => {
    await tf.setBackend('cpu');
  });

  /** Returns how far rows differ in it: the root mean squared distance from their mean. */
  function deviation(experts: ExpertsChoice | null): number {
    const shape = { graph, width, hiddenUnits: [200, 80], experts };
    const { parameters } = firstWeights({ ...model, network: esmm(shape) }, {}, 7);
    const { hidden, parameters: specs } = towerLayers(shape);
    const weights = Object.fromEntries(
      specs.map(({ name, shape: of }) => [name, tf.tensor(parameters[name] as Float32Array, [...of])]),
    );
    const rows = fillNormal(new Float32Array(ROWS * width), 0.01, randomStream(1, 'rows'));
    const input = [{ values: tf.tensor(rows, [ROWS, width]), columns: [{ start: 0, count: width }] }];
    const last = hidden({ click: input, conversion: input }, weights).conversion as tf.Tensor;
    return Math.sqrt(tf.sum(tf.moments(last, 0).variance).dataSync()[0] as number);
  }

  it('tells rows apart on a mixture of experts at least as well as on the input', () => {
    const onInput = deviation(null);
    const mmoe = deviation({ shared: 4, own: 0, units: [64], levels: 1 });
    const ple = deviation({ shared: 2, own: 2, units: [64], levels: 2 });
    const deep = deviation({ shared: 3, own: 1, units: [32, 32], levels: 4 });
    for (const onExperts of [mmoe, ple, deep]) {
      expect(onExperts / onInput).toBeGreaterThan(1);
      expect(onExperts / onInput).toBeLessThan(4);
    }
  });
});

describe('rows that no training row touched', () => {
  it('get the mean of those that were, and are counted', () => {
    const spec = { name: 't', dimension: 2, rows: 4 };
    const t = Float32Array.from([9, 9, 1, 2, 3, 6, 9, 9]);
    const filledRows = fillUntrainedRows([spec], { t }, { t: Uint8Array.from([0, 1, 1, 0]) });
    expect([...t]).toEqual([2, 4, 1, 2, 3, 6, 2, 4]);
    expect(filledRows).toEqual({ t: 2 });
  });

  it('get 0 where there are no others', () => {
    const t = Float32Array.from([5, 6]);
    fillUntrainedRows([{ name: 't', dimension: 1, rows: 2 }], { t }, { t: new Uint8Array(2) });
    expect([...t]).toEqual([0, 0]);
  });
});
