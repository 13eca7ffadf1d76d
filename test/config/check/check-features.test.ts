import { describe, expect, it } from 'vitest';
import { mistakesIn } from '../declare.ts';

describe('features and tables', () => {
  it.each([
    {
      name: 'an unknown table',
      sections: {
        embeddings: '{ item: {}, user: {} }',
        features: `
  a: { type: category, entity: item, embedding: itm }
  b: { type: category, entity: item, embedding: item }
  c: { type: category, entity: item, embedding: user }`,
      },
      mistakes: ['features.a.embedding: no table in embeddings itm, did you mean item? expected one of item, user'],
    },
    {
      name: 'a table that no feature uses',
      sections: { embeddings: '{ item: {} }' },
      mistakes: ['embeddings.item: no feature uses this table, expected one or no table'],
    },
    {
      name: 'a shared table that a feature describes again',
      sections: {
        embeddings: '{ item: {} }',
        features: '{ a: { type: category, entity: item, embedding: item, dimension: 4, ids: 5 } }',
      },
      mistakes: [
        'features.a.dimension: got dimension beside embedding: item, expected it in embeddings.item',
        'features.a.ids: got ids beside embedding: item, expected it in embeddings.item',
      ],
    },
    {
      name: 'two id sources',
      sections: {
        embeddings: '{ item: { vocabulary: {}, hash: 10 } }',
        features: `
  a: { type: category, entity: item, embedding: item }
  b: { type: bag, entity: item, hash: 10, ids: 5 }`,
      },
      mistakes: [
        'features.b.ids: got ids beside hash, expected one of vocabulary, hash, ids',
        'embeddings.item.hash: got hash beside vocabulary, expected one of vocabulary, hash, ids',
      ],
    },
    {
      name: 'a table of a feature with the name of a shared one',
      sections: {
        embeddings: '{ item: {} }',
        features: `
  a: { type: category, entity: item, embedding: item }
  item: { type: category, entity: item }`,
      },
      mistakes: [
        'features.item: its own table would have the name of embeddings.item, expected embedding: item, or another name',
      ],
    },
    {
      name: 'quantiles beside a transform',
      sections: {
        features: '{ a: { type: number, entity: user, quantiles: 4, log1p: true, standardize: true, clip: [0, 1] } }',
      },
      mistakes: ['log1p', 'standardize', 'clip'].map(
        (member) =>
          `features.a.${member}: got ${member} beside quantiles, which it does not change, expected one of them`,
      ),
    },
    {
      name: 'a shared table for quantiles',
      sections: { features: '{ a: { type: number, entity: user, quantiles: 4, embedding: b } }' },
      mistakes: [
        'features.a.embedding: unknown key, expected one of type, column, entity, at_scoring, missing, clip, log1p, standardize, quantiles, dimension, l2',
      ],
    },
    {
      name: 'a dimension for a plain number',
      sections: { features: '{ a: { type: number, entity: user, dimension: 4 } }' },
      mistakes: ['features.a.dimension: got dimension without quantiles, expected both or neither'],
    },
    {
      name: 'bounds in the wrong order',
      sections: { features: '{ a: { type: number, entity: user, clip: [2, 1] } }' },
      mistakes: ['features.a.clip: got a list, expected two bounds, the lower first: [0, 1000], [null, 1000]'],
    },
    {
      name: 'no feature',
      sections: { features: '{}' },
      mistakes: ['features: there is no feature, expected at least one'],
    },
    {
      name: 'a hash without buckets',
      sections: { features: '{ a: { type: category, entity: user, hash: { seed: 1 } } }' },
      mistakes: ['features.a.hash.buckets: missing, expected a whole number of at least 1'],
    },
    {
      name: 'a feature that is not a map',
      sections: { features: '{ a: category }' },
      mistakes: ['features.a: got "category", expected a map, such as { type: category, entity: user }'],
    },
  ])('are refused with $name', ({ sections, mistakes }) => {
    expect(mistakesIn(sections)).toEqual(mistakes);
  });

  it('are not reported as unused while a feature is malformed', () => {
    const sections = {
      embeddings: '{ item: {} }',
      features: '{ a: { type: categry, entity: item, embedding: item } }',
    };
    expect(mistakesIn(sections)).toEqual([
      'features.a.type: got "categry", expected one of "category", "bag", "sequence", "number", "vector", "cross"',
    ]);
  });
});

describe('embeddings summed by entity', () => {
  const features = `
  a: { type: category, entity: user, dimension: 8 }
  b: { type: category, entity: item, dimension: 4 }
  c: { type: number, entity: user }
  d: { type: number, entity: user, quantiles: 4, dimension: 6 }`;

  it('must have the same dimension within an entity', () => {
    expect(mistakesIn({ features, model: '{ fields: sum_by_entity }' })).toEqual([
      'features.d: got dimension 6, expected 8 as features.a, the first of entity user (model.fields is sum_by_entity)',
    ]);
  });
});
