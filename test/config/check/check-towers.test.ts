import { describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { MODELS } from '../../../lib/model/models/index.ts';
import { stageGraph } from '../../../lib/model/stage-graph.ts';
import { chainOfThree } from '../../model/funnels.ts';
import { declare, mistakesIn } from '../declare.ts';

const modelOf = (model: string) => parseDeclaration(declare({ model }), 'entirespace.yaml').model;

it('a number without quantiles cannot be wide', () => {
  const features = '{ price: { type: number, entity: item }, age: { type: number, entity: user, quantiles: 4 } }';
  expect(mistakesIn({ model: '{ wide: [age, price] }', features })).toEqual([
    'model.wide[1]: got price, a number, expected a feature with embeddings, such as one with quantiles',
  ]);
});

describe('model', () => {
  it.each([
    { model: '{}', experts: null, crosses: null },
    { model: '{ tower: mmoe }', experts: { shared: 4, own: 0, units: [64], levels: 1 }, crosses: null },
    { model: '{ tower: ple }', experts: { shared: 2, own: 2, units: [64], levels: 2 }, crosses: null },
    {
      model: '{ tower: ple, experts: 0, own_experts: 3, expert_units: [32, 16], expert_levels: 1 }',
      experts: { shared: 0, own: 3, units: [32, 16], levels: 1 },
      crosses: null,
    },
    { model: '{ crosses: dcn }', experts: null, crosses: { layers: 2, rank: null } },
    { model: '{ crosses: dcn, cross_layers: 3, cross_rank: 16 }', experts: null, crosses: { layers: 3, rank: 16 } },
  ])('$model has these experts and crosses', ({ model, experts, crosses }) => {
    expect(modelOf(model)).toMatchObject({ experts, crosses });
  });

  it.each([
    { model: '{ experts: 4 }', mistakes: ['model.experts: got 4 with tower mlp, expected tower mmoe or ple'] },
    {
      model: '{ tower: mmoe, own_experts: 1, expert_levels: 2 }',
      mistakes: [
        'model.own_experts: got 1 with tower mmoe, expected tower ple',
        'model.expert_levels: got 2 with tower mmoe, expected tower ple',
      ],
    },
    {
      model: '{ expert_units: [8] }',
      mistakes: ['model.expert_units: got [8] with tower mlp, expected tower mmoe or ple'],
    },
    {
      model: '{ cross_layers: 1, cross_rank: 2 }',
      mistakes: [
        'model.cross_layers: got 1 with crosses none, expected crosses dcn',
        'model.cross_rank: got 2 with crosses none, expected crosses dcn',
      ],
    },
    {
      model: '{ tower: mmoe, experts: 0 }',
      mistakes: ['model.experts: there is no expert under a tower, expected at least one'],
    },
    {
      model: '{ tower: ple, experts: 0, own_experts: 0 }',
      mistakes: ['model.experts: there is no expert under a tower, expected at least one'],
    },
    {
      model: '{ type: base, tower: ple }',
      mistakes: [
        'model.tower: got ple with type base, expected mlp: towers with embeddings of their own share no experts',
      ],
    },
    {
      model: '{ wide: [brnd] }',
      mistakes: ['model.wide[0]: no feature brnd, did you mean brand? expected one of brand'],
    },
    { model: '{ wide: [brand, brand] }', mistakes: ['model.wide[1]: got brand twice, expected it once'] },
    { model: '{ tower: cnn }', mistakes: ['model.tower: got "cnn", expected one of "mlp", "mmoe", "ple"'] },
  ])('$model is refused', ({ model, mistakes }) => {
    expect(mistakesIn({ model })).toEqual(mistakes);
  });

  it.each(Object.entries(MODELS))('of type %s shares experts just if it is not refused', (type, network) => {
    const { tables } = network({ graph: stageGraph(chainOfThree), width: 3, hiddenUnits: [2] });
    const declaration = declare({
      model: `{ type: ${type}, tower: mmoe }`,
      log: '{ keys: [id], time: ts }',
      stages: '{ click: { label: clicked }, conversion: { label: bought, at: bought_at, within: 7d } }',
    });
    if (tables === 'shared') expect(parseDeclaration(declaration, 'entirespace.yaml').model.experts).not.toBeNull();
    else expect(() => parseDeclaration(declaration, 'entirespace.yaml')).toThrow('share no experts');
  });
});
