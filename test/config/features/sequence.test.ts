import { describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { declare, mistakesIn } from '../declare.ts';

const ITEM = 'item_id: { type: category, entity: item, embedding: item }';
const EMBEDDINGS = '{ item: { dimension: 8 } }';

const parse = (sequence: string) =>
  parseDeclaration(
    declare({ features: `{ ${ITEM}, history: { type: sequence, ${sequence} } }`, embeddings: EMBEDDINGS }),
    'entirespace.yaml',
  ).features[1];

describe('a sequence', () => {
  it('keeps the last 20 values of a list by default', () => {
    expect(parse('entity: user, embedding: item, pooling: mean')).toEqual({
      type: 'sequence',
      name: 'history',
      column: 'history',
      entity: 'user',
      embedding: 'item',
      delimiter: null,
      maxLength: 20,
      keep: 'last',
      pooling: null,
    });
  });

  it.each([
    {
      name: 'no pooling',
      feature: '{ type: sequence, entity: user }',
      mistakes: ['features.x.pooling: missing, expected one of "mean", "attention", "lstm"'],
    },
    {
      name: 'no length',
      feature: '{ type: sequence, entity: user, pooling: mean, max_length: 0 }',
      mistakes: ['features.x.max_length: got 0, expected a whole number from 1 to 1000'],
    },
    {
      name: 'a table that is not there',
      feature: '{ type: sequence, entity: user, pooling: mean, embedding: item }',
      mistakes: ['features.x.embedding: got item, but there is no table in embeddings'],
    },
  ])('is refused with $name', ({ feature, mistakes }) => {
    expect(mistakesIn({ features: `{ x: ${feature} }` })).toEqual(mistakes);
  });

  it.each([
    {
      name: 'attention, told the positions',
      pooling: 'pooling: attention, to: item_id',
      expected: { kind: 'attention', to: 'item_id', units: [36], positions: true },
    },
    {
      name: 'attention of more layers, without positions',
      pooling: 'pooling: attention, to: item_id, attention_units: [80, 40], positions: false',
      expected: { kind: 'attention', to: 'item_id', units: [80, 40], positions: false },
    },
    {
      name: 'an LSTM with attention',
      pooling: 'pooling: lstm',
      expected: { kind: 'lstm', to: null, units: [36], positions: false },
    },
    {
      name: 'an LSTM with attention to the candidate',
      pooling: 'pooling: lstm, to: item_id',
      expected: { kind: 'lstm', to: 'item_id', units: [36], positions: false },
    },
  ])('may have $name', ({ pooling, expected }) => {
    expect(parse(`entity: user, embedding: item, ${pooling}`)).toMatchObject({ pooling: expected });
  });

  it.each([
    {
      name: 'attention to nothing',
      sequence: 'pooling: attention',
      mistake: 'to: missing, expected the feature that the items are compared with, such as the id of the candidate',
    },
    {
      name: 'the mean and a candidate',
      sequence: 'pooling: mean, to: item_id',
      mistake: 'to: got to with pooling mean, expected pooling attention or lstm',
    },
    {
      name: 'the mean and units',
      sequence: 'pooling: mean, attention_units: [5]',
      mistake: 'attention_units: got attention_units with pooling mean, expected pooling attention or lstm',
    },
    {
      name: 'an LSTM and positions',
      sequence: 'pooling: lstm, positions: true',
      mistake: 'positions: got positions with pooling lstm, expected pooling attention',
    },
    {
      name: 'a candidate that is not declared',
      sequence: 'pooling: attention, to: item',
      mistake: 'to: no feature item, expected one of item_id, price, wide_id, history',
    },
    {
      name: 'a number as the candidate',
      sequence: 'pooling: attention, to: price',
      mistake: 'to: got price, a number, expected a category or a cross',
    },
    {
      name: 'itself as the candidate',
      sequence: 'pooling: lstm, to: history',
      mistake: 'to: got history, a sequence, expected a category or a cross',
    },
    {
      name: 'a candidate of another dimension',
      sequence: 'pooling: attention, to: wide_id',
      mistake: 'to: got wide_id of dimension 18, expected 8 as that of features.history',
    },
  ])('is refused with $name', ({ sequence, mistake }) => {
    const others = 'price: { type: number, entity: item }, wide_id: { type: category, entity: item }';
    const features = `{ ${ITEM}, ${others}, history: { type: sequence, entity: user, embedding: item, ${sequence} } }`;
    expect(mistakesIn({ features, embeddings: EMBEDDINGS })).toEqual([`features.history.${mistake}`]);
  });

  it('is refused with attention or an LSTM where fields are summed, and among the wide features', () => {
    const features = `{ ${ITEM}, history: { type: sequence, entity: user, embedding: item, pooling: attention, to: item_id } }`;
    const model = '{ fields: sum_by_entity, wide: [history] }';
    expect(mistakesIn({ features, embeddings: EMBEDDINGS, model })).toEqual([
      'features.history.pooling: got attention, expected mean (model.fields is sum_by_entity)',
      'model.wide[0]: got history, a sequence with pooling attention, expected one with pooling mean',
    ]);
    const ofMean = features.replace('attention, to: item_id', 'mean');
    expect(parseDeclaration(declare({ features: ofMean, embeddings: EMBEDDINGS, model }), 'x').model.wide).toEqual([
      'history',
    ]);
  });

  it('is refused beside a feature of the name of its weights', () => {
    const features =
      '{ x: { type: sequence, entity: user, pooling: mean }, x_weights: { type: category, entity: user } }';
    expect(mistakesIn({ features })).toEqual([
      'features.x_weights: got the name of the weights of the sequence x, expected another',
    ]);
  });
});
