import { describe, expect, it } from 'vitest';
import { logitCount, nearestOnEveryPath, stageGraph } from '../../lib/model/stage-graph.ts';
import { chainOfThree, chainOfTwo, esm2, stage } from './funnels.ts';

const roles = { impression: 'impression', click: 'click', conversion: 'conversion' };

describe('the towers of a stage graph', () => {
  it('are one for each edge of a chain', () => {
    expect(stageGraph(chainOfThree).towers).toEqual([
      { name: 'click', from: 'impression', to: ['click'], complement: null },
      { name: 'conversion', from: 'click', to: ['conversion'], complement: null },
    ]);
  });

  it('are one for a stage with its complement, and one for the edge after each of them', () => {
    const { towers } = stageGraph(esm2);
    expect(towers.map(({ name, from, to, complement }) => ({ name, from, to, complement }))).toEqual([
      { name: 'click', from: 'impression', to: ['click'], complement: null },
      { name: 'action', from: 'click', to: ['action', 'other'], complement: 'other' },
      { name: 'buy_after_action', from: 'action', to: ['buy'], complement: null },
      { name: 'buy_after_other', from: 'other', to: ['buy'], complement: null },
    ]);
    expect(towers.map(logitCount)).toEqual([1, 1, 1, 1]);
  });

  it('have one logit for each member of an exclusive group', () => {
    const funnel = {
      ...chainOfTwo,
      stages: [
        stage('phone', 'impression', { exclusive: 'way' }),
        stage('web', 'impression', { exclusive: 'way' }),
        stage('order', ['phone', 'web']),
      ],
    };
    const { towers } = stageGraph(funnel);
    expect(towers[0]).toEqual({ name: 'phone_or_web', from: 'impression', to: ['phone', 'web'], complement: null });
    expect(towers.map(logitCount)).toEqual([2, 1, 1]);
  });

  it('are separate for stages whose paths never meet again', () => {
    const funnel = {
      ...chainOfTwo,
      stages: [stage('click', 'impression'), stage('cart', 'click'), stage('favourite', 'click')],
    };
    expect(stageGraph(funnel).towers.map(({ name }) => name)).toEqual(['click', 'cart', 'favourite']);
  });
});

describe('the outputs of a stage graph', () => {
  it.each([
    { name: 'a chain with roles', funnel: chainOfThree, outputs: ['pctr', 'pcvr', 'pctcvr'] },
    {
      name: 'a chain without roles',
      funnel: { ...chainOfThree, roles: null },
      outputs: ['p_click_entire', 'p_conversion', 'p_conversion_entire'],
    },
    { name: 'ESM2', funnel: esm2, outputs: ['pctr', 'pcvr', 'pctcvr', 'p_action', 'p_action_entire'] },
    {
      name: 'roles that begin after the root',
      funnel: {
        root: 'request',
        stages: [stage('impression', 'request'), stage('click', 'impression'), stage('conversion', 'click')],
        roles,
      },
      outputs: ['pctr', 'pcvr', 'pctcvr', 'p_impression_entire', 'p_click_entire', 'p_conversion_entire'],
    },
  ])('are $outputs for $name', ({ funnel, outputs }) => {
    expect(stageGraph(funnel).outputs.map(({ name }) => name)).toEqual(outputs);
  });

  it('are conditional on the last stage before that lies on every path', () => {
    const graph = stageGraph(esm2);
    expect(['click', 'action', 'buy'].map((name) => nearestOnEveryPath(graph, name))).toEqual([
      'impression',
      'click',
      'click',
    ]);
  });
});

describe('the stages of a stage graph', () => {
  it('are in an order in which every stage comes after those that lead to it', () => {
    const funnel = { ...chainOfThree, stages: chainOfThree.stages.toReversed() };
    expect(stageGraph(funnel).stages).toEqual(['impression', 'click', 'conversion']);
  });
});
