import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { aitm } from '../../../lib/model/models/aitm.ts';
import { stageGraph } from '../../../lib/model/stage-graph.ts';
import { eagerStep } from '../../engine/eager-step.ts';
import { firstWeights } from '../../engine/first-weights.ts';
import { smallBatch, someWeights } from '../../engine/small-batch.ts';
import { smallChunk, smallModel } from '../../engine/small-model.ts';
import { chainOfThree, chainOfTwo, esm2, stage } from '../funnels.ts';

const column = (...values: number[]) => tf.tensor2d(values, [values.length, 1]);
const network = aitm({ graph: stageGraph(chainOfThree), width: 3, hiddenUnits: [2] });
/** The logits of reaching click and conversion; in the second row the conversion is more probable than the click. */
const FORWARD = { 'reach.click': column(-1, -2), 'reach.conversion': column(-3, -1.5) };
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('AITM', () => {
  it('exports pcvr as pctcvr over pctr, at most 1, and pctcvr as the product', () => {
    const { pctr, pcvr, pctcvr } = network.outputs(FORWARD) as Record<'pctr' | 'pcvr' | 'pctcvr', tf.Tensor>;
    const [ctr, cvr, ctcvr] = [pctr, pcvr, pctcvr].map((output) => [...output.dataSync()]);
    expect(ctr?.[0]).toBeCloseTo(sigmoid(-1), 6);
    expect(ctcvr?.[0]).toBeCloseTo(sigmoid(-3), 6);
    expect(cvr?.[0]).toBeCloseTo(sigmoid(-3) / sigmoid(-1), 6);
    expect([cvr?.[1], ctcvr?.[1]]).toEqual([1, ctr?.[1]]);
  });

  it('has a loss where a stage is more probable than the one before', () => {
    const half = column(0.5, 0.5);
    const batch = { labels: { click: half, conversion: half }, weights: { click: half, conversion: half } };
    const order = network.losses(FORWARD, batch).find(({ name }) => name === 'conversion order');
    expect(order?.value.dataSync()[0]).toBeCloseTo((sigmoid(-1.5) - sigmoid(-2)) / 2, 6);
  });

  it('of a single stage is ESMM', () => {
    const graph = stageGraph(chainOfTwo);
    const [own, esmm] = [smallModel('concatenate', graph, 'aitm'), smallModel('concatenate', graph)];
    const weights = someWeights(esmm);
    const [got, expected] = [own, esmm].map((model) => eagerStep(model, weights, smallBatch(model, 9), smallChunk(9)));
    expect(got?.gradients).toEqual(expected?.gradients);
    expect(got?.losses).toEqual(expected?.losses);
  });

  it('starts at the share of rows that reach each stage', () => {
    const { parameters } = firstWeights(
      smallModel('concatenate', stageGraph(chainOfThree), 'aitm'),
      {
        click: 0.04,
        conversion: 2e-4,
      },
      1,
    );
    expect(sigmoid(parameters['click.2.bias']?.[0] as number)).toBeCloseTo(0.04, 6);
    expect(sigmoid(parameters['conversion.2.bias']?.[0] as number)).toBeCloseTo(2e-4, 8);
  });

  it('refuses paths that meet again, and stages without a label', () => {
    const refused = (funnel: Parameters<typeof stageGraph>[0]) => () =>
      aitm({ graph: stageGraph(funnel), width: 3, hiddenUnits: [2] });
    const message = (name: string) =>
      `aitm: got stage ${name}, expected labelled stages, each after one other by itself`;
    expect(refused(esm2)).toThrow(message('action'));
    const unlabelled = [stage('click', 'impression', { label: null }), stage('conversion', 'click')];
    expect(refused({ root: 'impression', stages: unlabelled, roles: null })).toThrow(message('click'));
  });
});
