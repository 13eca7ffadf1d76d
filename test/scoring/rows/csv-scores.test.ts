/** Files whose scores are declared as CSV: the rows of Parquet, in local mode with everything real. */
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { scoreCandidates } from '../../../exports/score-candidates.ts';
import { LocalScores, scoredManifests } from '../../../lib/monitor/run/scored-files.ts';
import { openDatabase, query } from '../../../lib/table/database.ts';
import { openScoredFiles } from '../../../lib/table/monitor/scored-files.ts';
import { csv, declaration, openShop, type Shop } from '../../online/shop.ts';

const RANKED = 'scoring: { score: pctcvr * hour, rank: { by: score, within: user_id, top: 4 }, format: csv.gz }\n';
const CANDIDATES = Array.from({ length: 300 }, (_, row) => ({
  row,
  user_id: row % 45,
  item_id: row % 50 === 7 ? 'nobody' : `i${row % 30}`,
  hour: (row % 24) / 7,
}));

let [parquet, plain, ranked]: [Shop?, Shop?, Shop?] = [];

beforeAll(async () => {
  parquet = await openShop();
  plain = await openShop('scoring: { format: csv }\n');
  ranked = await openShop(RANKED);
  for (const shop of [parquet, plain, ranked]) {
    await shop.promote(1);
    await shop.publishTables('2026-01-01');
  }
});
afterAll(async () => {
  for (const shop of [parquet, plain, ranked]) await shop?.remove();
});

/** Scores the candidates, and returns the manifest, the names in the folder of scores, and the bytes of the parts. */
async function score({ store }: Shop) {
  await store.put('candidates/day.csv', csv(CANDIDATES));
  const [result] = await scoreCandidates(store, { model: 'shop', threads: 1 });
  if (result?.status !== 'succeeded') throw new Error(JSON.stringify(result));
  const names: string[] = [];
  for await (const { key } of store.list('scores/day.csv/')) names.push(key.slice('scores/day.csv/'.length));
  const parts = await Promise.all(result.manifest.parts.map(async ({ key }) => (await store.get(key)).body));
  return { manifest: result.manifest, names, parts };
}

function numbersOf(text: string): Record<string, number>[] {
  const [header = '', ...lines] = text.trimEnd().split('\n');
  const names = header.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((field, i) => [names[i], Number(field)])));
}

it('has the rows and columns of Parquet, plain and ranked in gzip', async () => {
  if (parquet === undefined || plain === undefined || ranked === undefined) throw new Error('no shops');
  const { scores: rows } = await parquet.scoreFile('day', CANDIDATES);
  const expected = rows.map((row) => ({ ...row, row: Number(row.row) })) as Record<string, number>[];

  const one = await score(plain);
  expect(one.names).toEqual(['_SUCCESS', '_manifest.json', expect.stringMatching(/^part-[0-9a-f]{8}-00000\.csv$/)]);
  const floats = numbersOf(new TextDecoder().decode(one.parts[0])).map(({ row, ...outputs }) => ({
    row,
    ...Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, Math.fround(value)])),
  }));
  expect(floats).toEqual(expected);
  expect(one.manifest).toMatchObject({ scored: expected.length, rejected: 6 });

  const two = await score(ranked);
  expect(two.names.at(-1)).toMatch(/^part-[0-9a-f]{8}-00000\.csv\.gz$/);
  const found = numbersOf(gunzipSync(two.parts[0] as Uint8Array).toString('utf8'));
  const all = expected.map((row) => {
    const { user_id, hour } = CANDIDATES[row.row as number] as (typeof CANDIDATES)[number];
    return { row: row.row as number, user_id, score: (row.pctcvr as number) * hour };
  });
  const kept = all.flatMap(({ user_id, ...row }) => {
    const others = all.filter((other) => other.user_id === user_id);
    const better = others.filter(
      (other) => other.score > row.score || (other.score === row.score && other.row < row.row),
    );
    return better.length < 4 ? [{ ...row, rank: better.length + 1 }] : [];
  });
  expect(found.map(({ row, score, rank }) => ({ row, score, rank }))).toEqual(kept);
  expect(Object.keys(found[0] ?? {})).toEqual(['row', 'pctr', 'pcvr', 'pctcvr', 'score', 'rank']);
  expect(two.manifest.ranking).toMatchObject({ top: 4, kept: kept.length });
});

it('is read by monitoring as Parquet is', async () => {
  if (parquet === undefined || plain === undefined) throw new Error('no shops');
  const read = async ({ store, folder }: Shop) => {
    const database = await openDatabase({ scratch: folder, threads: 1, memoryLimitMiB: 256 });
    try {
      const outputs = ['pctr', 'pctcvr'];
      const scores = new LocalScores(store, database, { declaration, outputs });
      const { from } = await openScoredFiles(
        database,
        await scores.open(await scoredManifests(store, 'shop')),
        outputs,
      );
      return await query(database, `SELECT k, p0, p1 FROM ${from} ORDER BY k`);
    } finally {
      await database.close();
    }
  };
  const rows = await read(plain);
  expect(rows).toHaveLength(294);
  expect(rows).toEqual(await read(parquet));
});
