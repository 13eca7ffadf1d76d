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
      pooling: 'mean',
    });
  });

  it.each([
    {
      name: 'no pooling',
      feature: '{ type: sequence, entity: user }',
      mistakes: ['features.x.pooling: missing, expected "mean"'],
    },
    {
      name: 'no length',
      feature: '{ type: sequence, entity: user, pooling: mean, length: 0 }',
      mistakes: ['features.x.length: got 0, expected a whole number from 1 to 1000'],
    },
    {
      name: 'a table that is not there',
      feature: '{ type: sequence, entity: user, pooling: mean, embedding: item }',
      mistakes: ['features.x.embedding: got item, but there is no table in embeddings'],
    },
  ])('is refused with $name', ({ feature, mistakes }) => {
    expect(mistakesIn({ features: `{ x: ${feature} }` })).toEqual(mistakes);
  });

  it('is refused beside a feature of the name of its weights', () => {
    const features =
      '{ x: { type: sequence, entity: user, pooling: mean }, x_weights: { type: category, entity: user } }';
    expect(mistakesIn({ features })).toEqual([
      'features.x_weights: got the name of the weights of the sequence x, expected another',
    ]);
  });
});
