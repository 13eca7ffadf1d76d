import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { DECLARATION } from './small-log.ts';
import { failure, workplace } from './workplace.ts';

const place = workplace();

const WIDE = `name: wide
stages: { click: { label: clicked }, conversion: { label: bought } }
log: { keys: [row] }
embeddings: { brand: { hash: 1000, dimension: 4 } }
features:
  item_brand: { type: category, entity: item, embedding: brand }
  likes: { type: bag, entity: user, column: liked, embedding: brand, delimiter: '|', max_length: 7, weights: liked_weights }
  place: { type: category, entity: context, ids: 30, dimension: 2 }
  age: { type: number, entity: user }
  price: { type: number, entity: item, quantiles: 10, dimension: 3 }
  vector: { type: vector, entity: item, length: 5 }
  city: { type: category, entity: user, dimension: 8 }
model: { type: base, hidden_units: [4] }
`;

describe('render', () => {
  it('prints a declaration of the same meaning, and what each feature becomes by the declaration alone', async () => {
    await place.write('wide.yaml', WIDE);
    const { code, stdout, stderr } = await place.run('render', 'wide.yaml');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(parseDeclaration(stdout, 'rendered')).toEqual(parseDeclaration(WIDE, 'wide.yaml'));
    // Each of the two towers of this type has embeddings of its own: 2 x 1,001 x 4, 2 x 32 x 2.
    expect(stdout.slice(stdout.indexOf('\n# feature') + 1)).toBe(
      `# feature     type      columns               ids                  rows  values  width       parameters        memory
# item_brand  category  item_brand            1,000 buckets       1,001       1      4            8,008  32,032 bytes
# likes       bag       liked, liked_weights  1,000 buckets       1,001       7      4  with item_brand             -
# place       category  place                 30 ids                 32       1      2              128     512 bytes
# age         number    age                   number                  -       1      2                -             -
# price       number    price                 10 quantiles   by the log       1      3       by the log    by the log
# vector      vector    vector                number                  -       5      6                -             -
# city        category  city                  vocabulary     by the log       1      8       by the log    by the log
# 29 columns of the towers' input; 250 parameters (1,000 bytes) of layers, embeddings by the log (--data)
`,
    );
  });

  it('prints the sizes of a log, and JSON of the same', async () => {
    const { code, stdout, stderr } = await place.run('render', 'shop.yaml', '--data', 'log.csv', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { text, declaration, features, embeddings, layers } = JSON.parse(stdout);
    expect(parseDeclaration(text, 'rendered')).toEqual(parseDeclaration(DECLARATION, 'shop.yaml'));
    expect(declaration).toEqual(JSON.parse(JSON.stringify(parseDeclaration(DECLARATION, 'shop.yaml'))));
    const tables = features.flatMap(({ table, sharedWith }: { table: unknown; sharedWith: unknown }) =>
      table === null || sharedWith !== null ? [] : [table],
    );
    const sizes = tables as { rows: number; dimension: number; parameters: number; bytes: number }[];
    for (const { rows, dimension, parameters, bytes } of sizes)
      expect([parameters, bytes]).toEqual([rows * dimension, 4 * rows * dimension]);
    expect(embeddings).toBe(sizes.reduce((sum, { parameters }) => sum + parameters, 0));
    expect(layers).toBeGreaterThan(0);
    const { stdout: plain } = await place.run('render', 'shop.yaml', '--data', 'log.csv');
    expect(plain).not.toContain('by the log');
    expect(parse(plain)).toEqual(parse(text));
  });

  it('says where the declaration or the log is not there', async () => {
    expect(await place.run('render')).toEqual(
      failure(3, 'entirespace.yaml:1:1 no such file: entirespace init <log> writes a first one from a log'),
    );
    expect(await place.run('render', 'shop.yaml', '--data', 'none.csv')).toEqual(failure(4, 'no such file: none.csv'));
  });
});
