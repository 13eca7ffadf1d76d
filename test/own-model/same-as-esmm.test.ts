import { describe, expect, it } from 'vitest';
import { type Model, modelOf } from '../../lib/model/model.ts';
import { stageGraph } from '../../lib/model/stage-graph.ts';
import { firstWeights } from '../engine/first-weights.ts';
import { INPUTS, TABLES } from '../engine/small-model.ts';
import { chainOfThree, esm2 } from '../model/funnels.ts';
import { allFormulas } from './formulas.ts';
import { modelFiles, OWN_ESMM } from './model-files.ts';

const files = modelFiles();
const TOWERS = `import { defineModel } from 'entirespace/model';
import { towers } from './towers.ts';

export default defineModel(({ inputs, layers, graph }) => towers(graph, inputs, layers), OPTIONS);
`;
const HELPER = `import type { ByTower, Input, Layers, StageGraph } from 'entirespace/model';
import * as tf from '@tensorflow/tfjs-core';

export function towers(graph: StageGraph, inputs: ByTower<Input>, layers: Layers): Record<string, tf.Tensor> {
  return Object.fromEntries(graph.towers.map(({ name }) => [name, layers.tower(name, inputs[name] as Input)]));
}
`;

interface Case {
  readonly name: string;
  readonly type: 'esmm' | 'esmm-ns';
  readonly funnel: Parameters<typeof stageGraph>[0];
  readonly fields: 'concatenate' | 'sum_by_entity';
  readonly source: string;
}

const CASES: readonly Case[] = [
  { name: 'ESMM', type: 'esmm', funnel: chainOfThree, fields: 'concatenate', source: OWN_ESMM },
  {
    name: 'ESMM-NS on the funnel of ESM2, with fields summed by entity, and a helper in a file of its own',
    type: 'esmm-ns',
    funnel: esm2,
    fields: 'sum_by_entity',
    source: TOWERS.replace('OPTIONS', "{ tables: 'by-tower' }"),
  },
];

describe.each(CASES)('a model file that is written as $name', ({ type, funnel, fields, source }) => {
  async function both(): Promise<readonly [own: Model, ours: Model]> {
    const { networkOf } = await files.load({ 'my-model.ts': source, 'towers.ts': HELPER });
    const choice = { type, hiddenUnits: [16, 8], fields };
    const graph = stageGraph(funnel);
    return [modelOf(graph, choice, INPUTS, TABLES, networkOf), modelOf(graph, choice, INPUTS, TABLES)];
  }

  it('has the same parameters, initial weights and dropout', async () => {
    const [own, ours] = await both();
    expect(own.network.parameters).toEqual(ours.network.parameters);
    expect(own.network.masks).toEqual(ours.network.masks);
    expect(firstWeights(own, {}, 7)).toEqual(firstWeights(ours, {}, 7));
  });

  it('is trained and scored by the same graphs', async () => {
    const [own, ours] = await both();
    expect(allFormulas(own)).toEqual(allFormulas(ours));
  });
});
