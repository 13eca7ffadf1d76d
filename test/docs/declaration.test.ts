import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { declarationJsonSchema } from '../../lib/config/json-schema.ts';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';

let page = '';
beforeAll(async () => {
  const pages = ['declaration', 'features', 'gate', 'models', 'monitoring'].map((name) =>
    readFile(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8'),
  );
  page = (await Promise.all(pages)).join('\n');
});

/** Returns the keys of a section of the schema, at any depth, without the names that users choose. */
function keysOf(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own = 'properties' in schema ? Object.keys(schema.properties as object) : [];
  return [...own, ...Object.values(schema).flatMap(keysOf)];
}

/** Returns the words in code style in the first column of the tables below a heading. */
function documented(heading: string): readonly string[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const cells = [...section.matchAll(/^\| (`[^|]*`) \|/gm)].map(([, cell]) => cell ?? '');
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word ?? ''));
}

describe('the pages of the declaration', () => {
  const sections = declarationJsonSchema().properties as Readonly<Record<string, unknown>>;
  // Keys of features that the page describes under `embeddings`.
  const ofTables = ['min_count', 'unknown', 'max_size', 'buckets', 'seed'];

  it('has a row for every section', () => {
    expect(new Set(documented('The file'))).toEqual(new Set(Object.keys(sections)));
  });

  it.each(Object.keys(sections).filter((name) => name !== 'name' && name !== 'root'))(
    'has a row for every key of %s',
    (name) => {
      const keys = keysOf(sections[name]).filter((key) => name !== 'features' || !ofTables.includes(key));
      expect(new Set(documented(name))).toEqual(new Set(keys));
    },
  );

  it('shows a declaration that is valid', () => {
    const [example = ''] = [...page.matchAll(/```yaml\n(name:[^`]*)```/g)].map(([, text]) => text ?? '');
    expect(parseDeclaration(example, 'declaration.md').features.map(({ name }) => name)).toEqual([
      'age',
      'history',
      'item_id',
      'price',
      'position',
    ]);
  });

  it('shows a funnel with merging paths that is valid', () => {
    const [stages = ''] = [...page.matchAll(/```yaml\n(stages:[^`]*)```/g)].map(([, text]) => text ?? '');
    const rest = 'name: shop\nlog: { keys: [id] }\nfeatures: { x: { type: number, entity: user } }\n';
    expect(parseDeclaration(`${stages}${rest}`, 'declaration.md').roles).toEqual({
      impression: 'impression',
      click: 'click',
      conversion: 'buy',
    });
  });
});
