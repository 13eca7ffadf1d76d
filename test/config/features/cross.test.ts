import { describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { declare, mistakesIn } from '../declare.ts';

const parse = (features: string, embeddings = '{}') =>
  parseDeclaration(declare({ features, embeddings }), 'entirespace.yaml');

describe('a cross', () => {
  it('has its columns in the declared order, and a table of its own by hash', () => {
    const { features, embeddings } = parse(
      '{ x: { type: cross, of: [b, a], entity: context, hash: 50, dimension: 4 } }',
    );
    expect(features).toEqual([
      { name: 'x', entity: 'context', type: 'cross', of: [{ column: 'b' }, { column: 'a' }], embedding: 'x' },
    ]);
    expect(embeddings).toEqual([{ name: 'x', dimension: 4, ids: { kind: 'hash', buckets: 50, seed: 0 } }]);
  });

  it('may share a table by hash', () => {
    const features = `
  x: { type: cross, of: [a, b], entity: user, embedding: pairs }
  y: { type: cross, of: [a, c], entity: user, embedding: pairs }`;
    const { features: declared, embeddings } = parse(features, '{ pairs: { hash: { buckets: 50, seed: 3 } } }');
    expect(declared).toMatchObject([{ embedding: 'pairs' }, { embedding: 'pairs' }]);
    expect(embeddings).toEqual([{ name: 'pairs', dimension: 18, ids: { kind: 'hash', buckets: 50, seed: 3 } }]);
  });

  it('has the values for scoring as the texts of their columns', () => {
    const { features } = parse(
      '{ x: { type: cross, of: [a, b, c, constructor], entity: context, hash: 9, at_scoring: { b: 1, c: null } } }',
    );
    expect(features).toMatchObject([
      {
        of: [
          { column: 'a' },
          { column: 'b', atScoring: '1' },
          { column: 'c', atScoring: null },
          { column: 'constructor' },
        ],
      },
    ]);
    expect(features[0]).not.toHaveProperty('of.3.atScoring');
  });

  it.each([
    {
      name: 'one column',
      feature: '{ type: cross, of: [a], entity: user, hash: 9 }',
      mistakes: ['features.x.of: got a list, expected at least two column names'],
    },
    {
      name: 'no columns',
      feature: '{ type: cross, entity: user, hash: 9 }',
      mistakes: ['features.x.of: missing, expected at least two column names'],
    },
    {
      name: 'a column twice',
      feature: '{ type: cross, of: [a, b, A], entity: user, hash: 9 }',
      mistakes: ['features.x.of[2]: got A twice, expected it once'],
    },
    {
      name: 'a column that is known only afterwards',
      feature: '{ type: cross, of: [a, clicked], entity: user, hash: 9 }',
      mistakes: ['features.x.of[1]: got clicked, which is stages.click.label, expected a column known at scoring'],
    },
    {
      name: 'no hash',
      feature: '{ type: cross, of: [a, b], entity: user }',
      mistakes: ['features.x.hash: missing, expected a number of buckets, or buckets and seed'],
    },
    {
      name: 'a vocabulary',
      feature: '{ type: cross, of: [a, b], entity: user, hash: 9, vocabulary: {} }',
      mistakes: [
        'features.x.vocabulary: unknown key, expected one of type, of, entity, at_scoring, missing, embedding, dimension, l2, hash',
      ],
    },
    {
      name: 'a value for scoring of a column that it does not have',
      feature: '{ type: cross, of: [a, position], entity: user, hash: 9, at_scoring: { positon: 1 } }',
      mistakes: [
        'features.x.at_scoring.positon: no column of the cross positon, did you mean position? expected one of a, position',
      ],
    },
    {
      name: 'one value for all its columns',
      feature: '{ type: cross, of: [a, b], entity: user, hash: 9, at_scoring: 1 }',
      mistakes: ['features.x.at_scoring: got 1, expected a map'],
    },
    {
      name: 'a list as a value',
      feature: '{ type: cross, of: [a, b], entity: user, hash: 9, at_scoring: { a: [1] } }',
      mistakes: ['features.x.at_scoring.a: got a list, expected a value'],
    },
  ])('is refused with $name', ({ feature, mistakes }) => {
    expect(mistakesIn({ features: `{ x: ${feature} }` })).toEqual(mistakes);
  });

  it.each([
    ['vocabulary', '{ pairs: {} }'],
    ['ids', '{ pairs: { ids: 9 } }'],
  ])('is refused with a shared table by %s', (source, embeddings) => {
    const features = '{ x: { type: cross, of: [a, b], entity: user, embedding: pairs } }';
    expect(mistakesIn({ features, embeddings })).toEqual([
      `features.x.embedding: got pairs, a table by ${source}, expected one by hash`,
    ]);
  });

  it('is refused with a hash beside a shared table, and with a table that does not exist', () => {
    const beside = '{ x: { type: cross, of: [a, b], entity: user, embedding: pairs, hash: 9 } }';
    expect(mistakesIn({ features: beside, embeddings: '{ pairs: { hash: 9 } }' })).toEqual([
      'features.x.hash: got hash beside embedding: pairs, expected it in embeddings.pairs',
    ]);
    const absent = '{ x: { type: cross, of: [a, b], entity: user, embedding: pairs } }';
    expect(mistakesIn({ features: absent })).toEqual([
      'features.x.embedding: got pairs, but there is no table in embeddings',
    ]);
  });

  it('may read columns of both entities, unless both may have tables and the cross belongs to one of them', () => {
    const features = (entity: string) => `{
      segment: { type: category, entity: user },
      brand: { type: category, entity: item },
      x: { type: cross, of: [segment, brand], entity: ${entity}, hash: 9 } }`;
    const entities = '{ user: { key: user_id }, item: { key: item_id } }';
    expect(mistakesIn({ features: features('item'), entities })).toEqual([
      'features.x.of[0]: got segment of entity item, which features.segment reads of entity user, expected one entity: both may have tables',
    ]);
    expect(parseDeclaration(declare({ features: features('context'), entities }), 'x.yaml').features).toHaveLength(3);
  });
});
