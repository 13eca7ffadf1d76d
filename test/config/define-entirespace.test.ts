import { describe, expect, expectTypeOf, it } from 'vitest';
import { defineEntirespace, type EntirespaceFile } from '../../lib/config/define-entirespace.ts';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';

const SHOP: EntirespaceFile = {
  name: 'shop',
  stages: { click: { label: 'clicked' }, conversion: { label: 'bought', within: '7d' } },
  log: { keys: ['impression_id'], time: 'shown_at' },
  embeddings: { item: { dimension: 8, vocabulary: { min_count: 5 } } },
  features: {
    item_id: { type: 'category', entity: 'item', embedding: 'item' },
    last_items: { type: 'bag', entity: 'user', embedding: 'item', delimiter: '|' },
    price: { type: 'number', entity: 'item', clip: [null, 1000] },
  },
};

describe('defineEntirespace', () => {
  it('returns the declaration that its text is parsed to', () => {
    const { declaration, text } = defineEntirespace(SHOP);
    expect(parseDeclaration(text, 'entirespace.yaml')).toEqual(declaration);
    expect(declaration.features.map(({ name }) => name)).toEqual(['item_id', 'last_items', 'price']);
    expect(declaration.stages.map(({ name }) => name)).toEqual(['click', 'conversion']);
  });

  it.each(['1e3', 'null', '~', 'yes', '0x1F', '# no comment', ' a: b ', '"', '\u{1F6D2}'])(
    'keeps a column called %j in the text',
    (column) => {
      const { text } = defineEntirespace({ ...SHOP, log: { ...SHOP.log, keys: [column] } });
      expect(parseDeclaration(text, 'entirespace.yaml').log.keys).toEqual([column]);
    },
  );

  it('lets parts of the object be shared', () => {
    const id = { type: 'category', entity: 'item', dimension: 4 } as const;
    const { text } = defineEntirespace({ ...SHOP, embeddings: {}, features: { brand: id, shop: id } });
    expect(text).not.toContain('*');
    expect(parseDeclaration(text, 'entirespace.yaml').features).toHaveLength(2);
  });

  it('tells every mistake by its path, without a line that nobody wrote', () => {
    const features = {
      price: { type: 'number', entity: 'item', clip: [5, 1] },
      brand: { type: 'category', entity: 'item', dimension: 0 },
    };
    expect(() => defineEntirespace({ ...SHOP, features } as EntirespaceFile)).toThrow(
      [
        'defineEntirespace features.price.clip: got a list, expected two bounds, the lower first: [0, 1000], [null, 1000]',
        'defineEntirespace features.brand.dimension: got 0, expected a whole number from 1 to 4096',
      ].join('\n'),
    );
  });

  it('is typed key by key', () => {
    expectTypeOf<EntirespaceFile['stages'][string]['within']>().toEqualTypeOf<string | undefined>();
    const unknown = { ...SHOP, features: { price: { type: 'numbr', entity: 'item' } } } as const;
    expectTypeOf(unknown).not.toExtend<EntirespaceFile>();
    expect(() => defineEntirespace(unknown as unknown as EntirespaceFile)).toThrow(
      'defineEntirespace features.price.type: got "numbr"',
    );
  });
});
