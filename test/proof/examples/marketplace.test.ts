import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { makeMarketplace } from '../../../examples/marketplace/make.ts';
import { readDeclaration } from '../../../lib/config/parse-declaration.ts';
import { workplace } from '../../bin/workplace.ts';

const path = fileURLToPath(new URL('../../../examples/marketplace/entirespace.yaml', import.meta.url));
const place = workplace();

it('declares 26 features, of which five ids and five weighted bags share five tables', async () => {
  const { declaration } = await readDeclaration(path);
  const { features, embeddings } = declaration;
  expect(features).toHaveLength(26);
  const tables = ['product', 'seller', 'brand', 'category', 'leaf'];
  const bags = features.filter(({ type }) => type === 'bag');
  expect(bags).toMatchObject(tables.map((embedding) => ({ embedding, combiner: 'sum', weights: 'user_weights' })));
  expect(embeddings.slice(0, 5).map(({ name, dimension, ids }) => [name, dimension, ids])).toEqual([
    ['product', 64, { kind: 'hash', buckets: 1_000_000, seed: 0 }],
    ['seller', 32, { kind: 'hash', buckets: 10_240, seed: 0 }],
    ['brand', 32, { kind: 'hash', buckets: 10_240, seed: 0 }],
    ['category', 32, { kind: 'hash', buckets: 10_240, seed: 0 }],
    ['leaf', 10, { kind: 'hash', buckets: 100, seed: 0 }],
  ]);
});

it('is made, trained on and scored by the commands of its README, with fewer buckets', async () => {
  await makeMarketplace(place.at('marketplace'), 3000);
  const small = (await readFile(path, 'utf8'))
    .replace('hash: 1000000', 'hash: 2000')
    .replace('size: 1024', 'size: 256');
  await place.write('small.yaml', small);
  const trained = await place.run(
    'train',
    'small.yaml',
    '--data',
    'marketplace/log.parquet',
    '-b',
    'shop',
    '--no-promote',
  );
  expect({ code: trained.code, stderr: trained.stderr }).toEqual({
    code: 0,
    stderr: expect.stringContaining('log.parquet: 3,000 rows, 0 rejected'),
  });
  const [version = ''] = (await place.listing('shop/models/marketplace')).join().match(/\d{8}-\d{6}-[0-9a-f]{8}/) ?? [];
  await place.run('models', 'promote', version, '-b', 'shop', '--force');
  const scored = await place.run('score', 'marketplace/candidates.parquet', '-b', 'shop');
  expect({ code: scored.code, stdout: scored.stdout }).toEqual({
    code: 0,
    stdout: expect.stringContaining('300 rows scored, 0 rejected'),
  });
  // 64-bit ids are read as what they are: neighbours beyond 2^53 are other products.
  const [ids] = await place.rows(
    `SELECT count(DISTINCT product)::INT AS exact, count(DISTINCT product::DOUBLE)::INT AS rounded FROM '${place.at('marketplace/log.parquet')}'`,
  );
  expect(ids?.exact).toBeGreaterThan(ids?.rounded as number);
});
