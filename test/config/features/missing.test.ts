import { describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { declare, mistakesIn } from '../declare.ts';

describe('the value that a missing one counts as', () => {
  it('is the text of a column, a number, or such a text for each column of a cross', () => {
    const features = `
  a: { type: category, entity: user, missing: true }
  b: { type: bag, entity: user, delimiter: "|", missing: "x|y" }
  c: { type: number, entity: user, clip: [null, 10], missing: 10 }
  d: { type: cross, of: [a, e], entity: user, hash: 9, missing: { e: 3 }, at_scoring: { e: 4 } }
  f: { type: sequence, entity: user, pooling: mean, missing: x, at_scoring: null }`;
    expect(parseDeclaration(declare({ features }), 'entirespace.yaml').features).toMatchObject([
      { missing: 'true' },
      { missing: 'x|y' },
      { missing: 10 },
      { of: [{ column: 'a' }, { column: 'e', atScoring: '4', missing: '3' }] },
      { atScoring: null, missing: 'x' },
    ]);
  });

  it.each([
    ['{ type: number, entity: user, missing: none }', 'missing: got "none", expected a number'],
    ['{ type: number, entity: user, missing: 1e39 }', 'missing: got 1e+39, expected a number'],
    [
      '{ type: number, entity: user, clip: [0, 100], missing: -1 }',
      'missing: got -1, outside of clip [0, 100], expected a number within it',
    ],
    ['{ type: category, entity: user, missing: " " }', 'missing: got " ", expected a value that is not empty'],
    ['{ type: category, entity: user, missing: null }', 'missing: got null, expected a value'],
    ['{ type: category, entity: user, ids: 5, missing: 5 }', 'missing: got 5, expected an id from 0 to 4'],
    [
      '{ type: bag, entity: user, ids: 5, delimiter: ";", missing: "1;a" }',
      'missing: got a, expected an id from 0 to 4',
    ],
    [
      '{ type: cross, of: [a, b], entity: user, hash: 9, missing: { c: 1 } }',
      'missing.c: no column of the cross c, expected one of a, b',
    ],
  ])('is refused where it contradicts the feature: %s', (feature, mistake) => {
    expect(mistakesIn({ features: `{ x: ${feature} }` })).toEqual([`features.x.${mistake}`]);
  });
});
