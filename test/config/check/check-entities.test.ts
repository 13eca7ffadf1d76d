import { describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { declare, mistakesIn } from '../declare.ts';

const FEATURES = '{ age: { type: number, entity: user }, brand: { type: category, entity: item } }';

describe('entities', () => {
  it('have a key, and by default candidates are rejected whose key is not in the table', () => {
    const text = declare({
      features: FEATURES,
      entities: '{ item: { key: item_id, missing: unknown }, user: { key: user_id } }',
    });
    expect(parseDeclaration(text, 'entirespace.yaml').entities).toEqual([
      { entity: 'user', key: 'user_id', missing: 'reject' },
      { entity: 'item', key: 'item_id', missing: 'unknown' },
    ]);
  });

  it.each([
    [
      'another name',
      '{ Area: { key: id } }',
      'entities.Area: got "Area", expected a name of a-z, 0-9 and _ that starts with a letter',
    ],
    ['no key', '{ user: {} }', 'entities.user.key: missing, expected a column name'],
    [
      'an unknown choice for candidates that are not in the table',
      '{ user: { key: id, missing: drop } }',
      'entities.user.missing: got "drop", expected one of "reject", "unknown"',
    ],
    [
      'one key for both',
      '{ user: { key: id }, item: { key: ID } }',
      'entities.item.key: got ID, which is entities.user.key, expected a column of its own',
    ],
    [
      'a key that is known only afterwards',
      '{ user: { key: Clicked } }',
      'entities.user.key: got Clicked, which is stages.click.label, expected a column known at scoring',
    ],
  ])('are refused with %s', (_what, entities, mistake) => {
    expect(mistakesIn({ features: FEATURES, entities })).toEqual([mistake]);
  });

  it('are refused where they have no feature', () => {
    expect(mistakesIn({ entities: '{ user: { key: user_id }, item: { key: item_id } }' })).toEqual([
      'entities.user: no feature is of entity user, expected one or no table',
    ]);
  });

  it('may be any, in the order user, item, others, context; other tables may have the key of the user, too', () => {
    const features = `{
      rain: { type: number, entity: area }, age: { type: number, entity: user }, hour: { type: number, entity: context },
      visits: { type: number, entity: today }, place: { type: cross, of: [rain, age], entity: context, hash: 10 } }`;
    const entities =
      '{ context: { key: hour_id }, area: { key: area_id }, today: { key: user_id, missing: unknown }, user: { key: user_id } }';
    const text = declare({ features, entities });
    expect(parseDeclaration(text, 'entirespace.yaml').entities.map(({ entity }) => entity)).toEqual([
      'user',
      'area',
      'today',
      'context',
    ]);
  });

  it('are refused for a feature of an entity that is not declared', () => {
    const features = '{ rain: { type: number, entity: aera }, age: { type: number, entity: user } }';
    expect(mistakesIn({ features })).toEqual([
      'features.rain.entity: got "aera", expected one of "user", "item", "context"',
    ]);
    expect(mistakesIn({ features, entities: '{ area: { key: id } }' })).toEqual([
      'features.rain.entity: got "aera", expected one of "user", "item", "area", "context"',
      'entities.area: no feature is of entity area, expected one or no table',
    ]);
  });

  it('are refused where a column could come from both tables, unless it is a key', () => {
    const features = `{
      age: { type: number, entity: user },
      years: { type: category, entity: item, column: Age },
      tags: { type: bag, entity: item, weights: age },
      who: { type: category, entity: item, column: user_id },
      now: { type: category, entity: context, column: age } }`;
    const message = (entity: string) =>
      `of entity ${entity}, which features.age reads of entity user, expected one entity: both may have tables`;
    expect(mistakesIn({ features, entities: '{ user: { key: user_id }, item: { key: item_id } }' })).toEqual([
      `features.years.column: got Age ${message('item')}`,
      `features.tags.weights: got age ${message('item')}`,
    ]);
    const oneTable = declare({ features, entities: '{ user: { key: user_id } }' });
    expect(parseDeclaration(oneTable, 'entirespace.yaml').entities).toHaveLength(1);
  });
});
