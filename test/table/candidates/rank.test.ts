import { describe, expect, it } from 'vitest';
import type { Ranking } from '../../../lib/config/declaration.ts';
import { GROUP_COLUMN, writeRankedPart, writeRanks } from '../../../lib/table/candidates/rank.ts';
import { scoreRows } from '../../../lib/table/candidates/score-shard.ts';
import { execute, literal } from '../../../lib/table/database.ts';
import { localCandidate } from '../../../lib/table/formats/candidate-file.ts';
import { randomOf } from '../../scoring/world/random.ts';
import { rowsSql } from '../fixture.ts';
import { candidateWorkplace, declaration } from './candidates.ts';

const shop = candidateWorkplace();
const { place, planOf } = shop;

interface Row {
  readonly id: number;
  readonly group: string;
  readonly score: number;
}

/** The ranked rows of each part by a plain sort: the largest score first, and of equal ones the first in the file. */
function ranked(parts: readonly (readonly Row[])[], { within, top }: Ranking) {
  const rows = parts.flat();
  const groupOf = (row: Row) => (within.length === 0 ? '' : row.group);
  const rankOf = (row: Row) =>
    1 +
    rows.filter(
      (other) =>
        groupOf(other) === groupOf(row) &&
        (other.score > row.score || (other.score === row.score && other.id < row.id)),
    ).length;
  return parts.map((part) =>
    part
      .map((row) => ({ id: row.id, score: row.score, rank: rankOf(row) }))
      .filter(({ rank }) => rank <= (top ?? rank)),
  );
}

/** Writes parts, as scoring does, and returns what ranking makes of them. */
async function rankedByCode(parts: readonly (readonly Row[])[], ranking: Ranking, name: string) {
  const group = ranking.within.length === 0 ? '' : `, "group" AS "${GROUP_COLUMN}"`;
  const files = await Promise.all(
    parts.map(async (part, index) => {
      const values = part.map((row) => `(${row.id}, ${literal(row.group)}, CAST('${row.score}' AS DOUBLE))`);
      const rows = `SELECT * FROM (VALUES ${[...values, `(-1, '', 0.0)`].join(', ')}) AS rows(id, "group", score) WHERE id >= 0`;
      const path = place.at(`${name}-${index}.parquet`);
      await execute(
        place.database,
        `COPY (SELECT id, score${group} FROM (${rows})) TO ${literal(path)} (FORMAT parquet)`,
      );
      return localCandidate(path);
    }),
  );
  const ranks = place.at(`${name}-ranks.parquet`);
  await writeRanks(place.database, files, ranking, ranks);
  const results: { readonly rows: number; readonly found: Record<string, unknown>[] }[] = [];
  for (const [index, part] of files.entries()) {
    const path = place.at(`${name}-ranked-${index}.parquet`);
    const rows = await writeRankedPart(place.database, { part, index, ranking, ranks, path, format: 'parquet' });
    results.push({ rows, found: await place.read(path) });
  }
  return results;
}

describe('ranks', () => {
  it.each([
    { by: 'score', within: [], top: null },
    { by: 'score', within: [], top: 4 },
    { by: 'score', within: ['group'], top: null },
    { by: 'score', within: ['group'], top: 1 },
    { by: 'score', within: ['group'], top: 3 },
  ])('are those of a plain sort over all parts, with ties and parts without rows: %j', async (ranking) => {
    for (let seed = 0; seed < 12; seed += 1) {
      const random = randomOf(seed);
      let id = 0;
      const parts = Array.from({ length: 1 + (seed % 5) }, () =>
        Array.from({ length: Math.floor(random() * 7) }, (): Row => {
          const score = [0, -0, 0.5, 1, -2, random()][Math.floor(random() * 6)] ?? 0;
          return { id: id++, group: `user ${Math.floor(random() * 3)}`, score };
        }),
      );
      const found = await rankedByCode(parts, ranking, `random-${seed}-${ranking.within.length}-${ranking.top}`);
      const expected = ranked(parts, ranking);
      expect(
        found.map(({ found: rows }) =>
          rows.map((row) => ({ ...row, score: Number(row.score) + 0, rank: Number(row.rank) })),
        ),
        `seed ${seed}`,
      ).toEqual(expected.map((rows) => rows.map((row) => ({ ...row, score: row.score + 0 }))));
      expect(found.map(({ rows }) => rows)).toEqual(expected.map((rows) => rows.length));
    }
  });

  it('are within groups by the canonical texts of their columns, which need not be keys', async () => {
    const path = await place.write(
      'groups.csv',
      rowsSql('user_id, item, price, tags, position, slot', [
        "'u0', 'a', 1.0, 'x', 1, '7'",
        "'u1', 'b', 3.0, 'x', 1, '007'",
        "'u2', 'b', 2.0, 'x', 2, ' 7 '",
        "'u3', 'b', 9.0, 'x', 1, NULL",
        "'u4', 'b', 5.0, 'x', 1, '8'",
      ]),
    );
    const rank = { by: 'pctr', within: ['slot', 'position'], top: null };
    const declared = { ...declaration, scoring: { ...declaration.scoring, rank } };
    const plan = await planOf(path, { shardRows: 2, encoder: shop.encoder, declaration: declared });
    const parts: string[] = [];
    const rejects: unknown[] = [];
    for (const shard of plan.shards) {
      const [scoresPath, rejectsPath] = [place.at(`g${shard.index}.parquet`), place.at(`gr${shard.index}.parquet`)];
      const { rejected } = await scoreRows({
        database: place.database,
        file: await localCandidate(path),
        plan,
        shard,
        declaration: declared,
        encoder: shop.encoder,
        predict: async (chunk) => ({ pctr: Float32Array.from(chunk.numbers.price ?? []) }),
        outputs: ['pctr'],
        scoresPath,
        rejectsPath,
      });
      if (rejected > 0) rejects.push(...(await place.read(rejectsPath)));
      parts.push(scoresPath);
    }
    expect(rejects).toEqual([{ row: 3n, reason: 'rank_group_missing', column: 'slot', value: null }]);
    const ranks = place.at('groups-ranks.parquet');
    const files = await Promise.all(parts.map((part) => localCandidate(part)));
    await writeRanks(place.database, files, rank, ranks);
    const rows: unknown[] = [];
    for (const [index, part] of files.entries()) {
      const ranked = place.at('groups-ranked.parquet');
      await writeRankedPart(place.database, { part, index, ranking: rank, ranks, path: ranked, format: 'parquet' });
      rows.push(...(await place.read(ranked)));
    }
    expect(rows).toEqual([
      { user_id: 'u0', item: 'a', pctr: 1, rank: 2n },
      { user_id: 'u1', item: 'b', pctr: 3, rank: 1n },
      { user_id: 'u2', item: 'b', pctr: 2, rank: 1n },
      { user_id: 'u4', item: 'b', pctr: 5, rank: 1n },
    ]);
  });

  it('need their columns when the file is planned', async () => {
    const path = await place.write(
      'no-slot.parquet',
      rowsSql('user_id, item, price, tags, position', ["'u', 'a', 1.0, 'x', 1"]),
    );
    const rank = { by: 'pctr', within: ['slot'], top: 5 };
    const declared = { ...declaration, scoring: { ...declaration.scoring, rank } };
    await expect(planOf(path, { shardRows: 2, encoder: shop.encoder, declaration: declared })).rejects.toThrow(
      `candidate columns missing: slot (in ${path})`,
    );
  });
});
