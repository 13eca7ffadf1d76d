import { describe, expect, it } from 'vitest';
import type { IdSource } from '../../../lib/config/declaration.ts';
import { sharedIds } from '../../../lib/table/encode/shared-ids.ts';
import type { Encoder } from '../../../lib/table/encoder.ts';
import { table, vocabulary, workplace } from '../fixture.ts';

const place = workplace();

/** Returns an encoder with one embedding table, `x`, of that many rows. */
function encoder(ids: IdSource, rows: number): Encoder {
  return {
    features: [],
    embeddings: [table('x', ids)],
    inputs: [],
    tables: [{ name: 'x', dimension: 4, rows }],
    vocabularies: {},
    columnKinds: {},
  };
}

describe('rows that stand for the same value in two encoders', () => {
  const hash = (buckets: number, seed: number): IdSource => ({ kind: 'hash', buckets, seed });

  it.each([
    { name: 'a hash of the same buckets and seed', now: hash(2, 7), before: hash(2, 7), shared: 3 },
    { name: 'a hash of other buckets', now: hash(2, 7), before: hash(3, 7), shared: 0 },
    { name: 'a hash of another seed', now: hash(2, 7), before: hash(2, 8), shared: 0 },
    { name: 'ids of fewer values', now: { kind: 'ids', size: 1 }, before: { kind: 'ids', size: 2 }, shared: 3 },
    { name: 'ids instead of a hash', now: { kind: 'ids', size: 1 }, before: hash(2, 7), shared: 0 },
    { name: 'a vocabulary instead of a hash', now: vocabulary(), before: hash(2, 7), shared: 0 },
  ] as const)('are $shared for $name', async ({ now, before, shared }) => {
    const rows = await sharedIds(place.database, 'x', { encoder: encoder(now, 3), before: encoder(before, 4) });
    expect(rows).toEqual(Array.from({ length: shared }, (_, row) => [row, row]));
  });
});
