import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { literal, queryOne } from '../../lib/table/database.ts';
import { bucketSql, hashSql, hashThreshold } from '../../lib/table/hash.ts';
import { workplace } from './fixture.ts';

interface Reference {
  readonly vectors: readonly { seed: number; text: string; hash: string; bucketOf1000: number }[];
  readonly split: { seed: number; rows: number; 'below0.2': number; 'below0.5': number };
}

const reference: Reference = JSON.parse(readFileSync(new URL('reference/hash.json', import.meta.url), 'utf8'));

describe('the published hash', () => {
  const place = workplace();

  it.each(reference.vectors)(
    'agrees with hashlib for seed $seed and "$text"',
    async ({ seed, text, hash, bucketOf1000 }) => {
      const sql = literal(text);
      const got = await queryOne(
        place.database,
        `SELECT ${hashSql(seed, sql)} AS hash, ${bucketSql(seed, sql, 1000)} AS bucket`,
      );
      expect(String(got.hash)).toBe(hash);
      expect(Number(got.bucket)).toBe(bucketOf1000);
    },
  );

  it('is below the threshold of a share for as many rows as Python counts', async () => {
    const { seed, rows, ...below } = reference.split;
    const hash = hashSql(seed, 'CAST(i AS VARCHAR)');
    const got = await queryOne(
      place.database,
      `SELECT count(*) FILTER (${hash} < ${hashThreshold(0.2)}) AS fifth, count(*) FILTER (${hash} < ${hashThreshold(0.5)}) AS half FROM range(${rows}) t(i)`,
    );
    expect([Number(got.fifth), Number(got.half)]).toEqual([below['below0.2'], below['below0.5']]);
  });
});
