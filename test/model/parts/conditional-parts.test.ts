import { describe, expect, it } from 'vitest';
import { conditionalParts } from '../../../lib/model/parts/conditional-parts.ts';
import { shapeOfPart } from '../../../lib/model/parts/network-of-parts.ts';
import { stageGraph } from '../../../lib/model/stage-graph.ts';
import { chainOfThree, esm2, stage } from '../funnels.ts';

function partsOf(funnel: Parameters<typeof stageGraph>[0]) {
  return conditionalParts(stageGraph(funnel)).map(({ root, labelled, towers }) => {
    return { root, labelled, towers: towers.map(({ name }) => name) };
  });
}

describe('the parts of a funnel with conditional losses', () => {
  it('are its edges, where the funnel is a chain', () => {
    expect(partsOf(chainOfThree)).toEqual([
      { root: 'impression', labelled: ['click'], towers: ['click'] },
      { root: 'click', labelled: ['conversion'], towers: ['conversion'] },
    ]);
  });

  it('hold stages together whose losses have a tower in common', () => {
    expect(partsOf(esm2)).toEqual([
      { root: 'impression', labelled: ['click'], towers: ['click'] },
      { root: 'click', labelled: ['action', 'buy'], towers: ['action', 'buy_after_action', 'buy_after_other'] },
    ]);
  });

  it('begin with the first stage that any of their losses starts from', () => {
    const funnel = {
      root: 'impression',
      stages: [
        stage('click', 'impression'),
        stage('cart', 'click'),
        stage('other', 'click', { complementOf: 'cart' }),
        stage('pay', 'cart'),
        stage('buy', ['pay', 'other']),
      ],
      roles: null,
    };
    expect(partsOf(funnel)[1]).toMatchObject({ root: 'click', labelled: ['cart', 'pay', 'buy'] });
  });

  it('begin before a stage that has no label', () => {
    const funnel = {
      root: 'impression',
      stages: [stage('click', 'impression', { label: null }), stage('conversion', 'click')],
      roles: null,
    };
    expect(partsOf(funnel)).toEqual([
      { root: 'impression', labelled: ['conversion'], towers: ['click', 'conversion'] },
    ]);
  });

  it('are graphs of their own, whose outputs are given their roots', () => {
    const graph = stageGraph(esm2);
    const [, later] = conditionalParts(graph);
    const part = shapeOfPart({ graph, width: 3, hiddenUnits: [] }, later as NonNullable<typeof later>).graph;
    expect(part).toMatchObject({
      root: 'click',
      stages: ['click', 'action', 'other', 'buy'],
      labelled: [
        { name: 'action', weight: 1 },
        { name: 'buy', weight: 1 },
      ],
      outputs: [
        { name: 'action', from: 'click', to: 'action' },
        { name: 'buy', from: 'click', to: 'buy' },
      ],
    });
  });
});
