import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { stageGraph } from '../../../lib/model/stage-graph.ts';
import { eagerStep } from '../../engine/eager-step.ts';
import { smallBatch, someWeights } from '../../engine/small-batch.ts';
import { type SmallChoice, smallChunk, smallModel } from '../../engine/small-model.ts';
import { chainOfThree, esm2 } from '../funnels.ts';

const ROWS = 40;

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe.each([
  { type: 'escm2-ips', debiasWeight: 0 },
  { type: 'escm2-dr', debiasWeight: 0 },
  { type: 'dcmt', debiasWeight: 0, priorWeight: 0 },
] as const)('$type with weight 0', (choice: SmallChoice) => {
  it.each([{ funnel: chainOfThree }, { funnel: esm2 }])('is ESMM on $funnel.stages.length stages', ({ funnel }) => {
    const graph = stageGraph(funnel);
    const [debiased, esmm] = [smallModel('concatenate', graph, choice), smallModel('concatenate', graph)];
    const weights = someWeights(debiased);
    const stepOf = (model: typeof esmm) => eagerStep(model, weights, smallBatch(model, ROWS), smallChunk(ROWS));
    const [got, expected] = [stepOf(debiased), stepOf(esmm)];
    expect(got.losses).toMatchObject(expected.losses);
    expect(got.gradients.tables).toEqual(expected.gradients.tables);
    const { parameters } = got.gradients;
    for (const [name, gradient] of Object.entries(parameters))
      expect(gradient, name).toEqual(expected.gradients.parameters[name] ?? new Float32Array(gradient.length));
  });
});
