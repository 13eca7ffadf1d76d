import { describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { declare, mistakesIn } from '../declare.ts';

describe('a setting of one type of model', () => {
  it.each([
    { text: '{ rate: 0.5 }', mistake: 'model.rate: got 0.5 with type esmm, expected type aman' },
    {
      text: '{ type: aman, factor: 3 }',
      mistake: 'model.factor: got 3 with type aman, expected type oversampling',
    },
    { text: '{ type: aman, rate: 0 }', mistake: 'model.rate: got 0, expected a number above 0 and at most 1' },
    { text: '{ type: aman, rate: 1.1 }', mistake: 'model.rate: got 1.1, expected a number above 0 and at most 1' },
    { text: '{ type: base, quantile: 0.2 }', mistake: 'model.quantile: got 0.2 with type base, expected type unbias' },
    {
      text: '{ correction: weights }',
      mistake: 'model.correction: got weights with type esmm, expected type unbias',
    },
    {
      text: '{ type: unbias, correction: drop }',
      mistake: 'model.correction: got "drop", expected one of "rejection", "weights"',
    },
    {
      text: '{ type: unbias, quantile: 0.6 }',
      mistake: 'model.quantile: got 0.6, expected a number above 0 and at most 0.5',
    },
    {
      text: '{ type: oversampling, factor: 2.5 }',
      mistake: 'model.factor: got 2.5, expected a whole number from 2 to 1000',
    },
    {
      text: '{ debias_weight: 1 }',
      mistake: 'model.debias_weight: got 1 with type esmm, expected type escm2-ips or escm2-dr or dcmt',
    },
    {
      text: '{ type: escm2-dr, prior_weight: 1 }',
      mistake: 'model.prior_weight: got 1 with type escm2-dr, expected type dcmt',
    },
    {
      text: '{ type: dcmt, propensity_floor: 0 }',
      mistake: 'model.propensity_floor: got 0, expected a number above 0 and at most 1',
    },
  ])('is refused in $text', ({ text, mistake }) => {
    expect(mistakesIn({ model: text })).toEqual([mistake]);
  });

  it.each([
    ['{ type: aman, rate: 0.1 }', { type: 'aman', rate: 0.1 }],
    ['{ type: aman }', { type: 'aman' }],
    ['{ type: unbias, correction: weights, quantile: 0.05 }', { correction: 'weights', quantile: 0.05 }],
    ['{ type: oversampling, factor: 10 }', { type: 'oversampling', factor: 10 }],
    ['{ type: escm2-ips, debias_weight: 0, propensity_floor: 0.1 }', { debiasWeight: 0, propensityFloor: 0.1 }],
  ])('is taken from %s', (text, expected) => {
    expect(parseDeclaration(declare({ model: text }), 'entirespace.yaml').model).toMatchObject(expected);
  });
});

it('is refused where a type debiases later stages and there is none', () => {
  expect(mistakesIn({ model: '{ type: dcmt }', stages: '{ click: { label: y } }' })).toEqual([
    'model.type: got dcmt, which debiases later stages, expected a labelled stage after another, or type esmm',
  ]);
});

describe('a type that chooses the rows of later stages', () => {
  it.each([
    '{ click: { label: y } }',
    '{ click: { label: y }, like: { from: impression, label: z } }',
    '{ click: {}, conversion: { label: z } }',
  ])('is refused for the stages %s', (stages) => {
    expect(mistakesIn({ model: '{ type: aman }', stages })).toContain(
      'model.type: got aman, which chooses the rows of later stages, expected a labelled stage after another, or type esmm',
    );
  });
});

describe('division', () => {
  const stage = { click: 'click: { label: y }', other: 'other: { from: click, complement_of: cart }' };
  it.each([
    { stages: `{ ${stage.click}, cart: {}, buy: { label: z } }`, fault: 'cart without a label' },
    {
      stages: `{ ${stage.click}, cart: { label: c }, ${stage.other}, buy: { from: [cart, other], label: z } }`,
      fault: 'buy after cart and other',
    },
    {
      stages: `{ ${stage.click}, cart: { label: c }, ${stage.other}, buy: { from: other, label: z } }`,
      fault: 'buy after the complement other',
    },
    {
      stages: '{ click: { label: y, exclusive: g }, like: { from: impression, label: l, exclusive: g } }',
      fault: 'click in an exclusive group',
    },
  ])('is refused for $stages', ({ stages, fault }) => {
    expect(mistakesIn({ model: '{ type: division }', stages })).toEqual([
      `model.type: got division with ${fault}, expected stages that have a label and one stage before them each`,
    ]);
  });

  it('takes a funnel with a complement and with branches', () => {
    const stages = `{ ${stage.click}, cart: { label: c }, ${stage.other}, like: { from: click, label: l } }`;
    expect(parseDeclaration(declare({ model: '{ type: division }', stages }), 'd.yaml').model.type).toBe('division');
  });
});

describe('AITM', () => {
  it.each([
    [
      '{ click: { label: y }, action: { label: a }, other: { complement_of: action }, buy: { from: [action, other], label: z } }',
      'other, a complement',
    ],
    ['{ click: { label: y }, buy: { from: [click, impression], label: z } }', 'buy after several stages'],
    ['{ a: { label: y, exclusive: g }, b: { from: impression, label: z, exclusive: g } }', 'a in an exclusive group'],
    ['{ click: {}, conversion: { label: z } }', 'click without a label'],
  ])('is refused for the stages %s', (stages, fault) => {
    expect(mistakesIn({ model: '{ type: aitm }', stages })).toContain(
      `model.type: got aitm with stage ${fault}, expected labelled stages, each after one other by itself, or type esmm`,
    );
  });

  it('is taken for a tree of labelled stages', () => {
    const stages = '{ click: { label: y }, cart: { label: c }, like: { from: click, label: l } }';
    const { model } = parseDeclaration(
      declare({ model: '{ type: aitm, order_weight: 1 }', stages }),
      'entirespace.yaml',
    );
    expect(model).toMatchObject({ type: 'aitm', orderWeight: 1 });
  });
});
