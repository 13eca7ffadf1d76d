/** Measures the functions on a candidate file of 100 GB: it is planned, and scored at its beginning, middle and end. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { planKey, receiptKey, workPartKey } from '../lib/contract/bucket.ts';
import { byteText, count, countOf } from '../lib/numbers/text.ts';
import { shardsDone } from '../lib/scoring/protocol/finish.ts';
import type { FileVersion } from '../lib/scoring/protocol/keys.ts';
import { FORMAT_VERSION, type Receipt } from '../lib/scoring/protocol/records.ts';
import { mapAtOnce } from '../lib/store/parallel.ts';
import { recordText } from '../lib/store/records.ts';
import { type Database, execute, literal } from '../lib/table/database.ts';
import type { Shard } from '../lib/table/formats/format.ts';
import { sizeOfRepeated } from '../test/store/repeated-object.ts';
import { repeatParquet } from '../test/table/repeated-parquet.ts';
import { describe, type LargeSite, withLargeSite } from './large-site.ts';

/** Settings of the benchmark. */
export interface HugeBench {
  readonly database: Database;
  /** Folder of the bundled functions. */
  readonly functions: string;
  readonly scratch: string;
}

/** The columns of a file. */
interface Shape {
  readonly name: string;
  /** Number of columns of random numbers that the model does not read. */
  readonly unneeded: number;
}

// Rows of half a kilobyte, as in many logs; and rows so small that the file has as many of them as it can.
const SHAPES: readonly Shape[] = [
  { name: 'wide', unneeded: 60 },
  { name: 'narrow', unneeded: 0 },
];
const BYTES = 100e9;
// DuckDB's default.
const GROUP_ROWS = 122_880;

/** Runs the benchmark on both shapes, and prints a line for each figure. */
export async function benchHuge(bench: HugeBench): Promise<void> {
  for (const shape of SHAPES) await withLargeSite(bench, (site) => benchShape(bench, site, shape));
}

async function benchShape({ database, scratch }: HugeBench, large: LargeSite, shape: Shape): Promise<void> {
  const path = join(scratch, `${shape.name}.parquet`);
  await writeGroup(database, path, shape);
  const group = await readFile(path);
  const object = repeatParquet(group, Math.ceil(BYTES / (group.length - 20_000)));
  const file = large.add(`candidates/${shape.name}.parquet`, object);
  console.log(
    `${shape.name}: ${(sizeOfRepeated(object) / 1e9).toFixed(1)} GB of Parquet, ${count(object.times)} row groups of ${byteText(object.body.length)}, footer of ${byteText(object.tail.length)}`,
  );

  console.log(`planned in ${describe(await large.plan(file))}`);
  const { plan } = await large.read(file);
  if (plan === null) throw new Error('the file has no plan');
  const planBytes = (await large.site.store.get(planKey(file.source))).body.length;
  const { rows, shards } = plan.candidates;
  console.log(`plan of ${byteText(planBytes)}: ${countOf(rows, 'row')} in ${countOf(shards.length, 'shard')}`);

  const chosen = [0, Math.floor(shards.length / 3), Math.floor((2 * shards.length) / 3), shards.length - 1];
  const figures = await large.score(file, chosen);
  for (const [i, shard] of chosen.entries()) {
    const scored = figures[i];
    if (scored !== undefined) console.log(`shard ${shard} in ${describe(scored)}`);
  }
  for (const shard of chosen) {
    const { firstRow, rows } = shards[shard] ?? { firstRow: 0, rows: 0 };
    const alone = await large.site.put(
      `candidates/rows-${firstRow}.parquet`,
      await rowsAlone(database, path, { firstRow, rows }),
    );
    await large.plan(alone);
    await large.score(alone, [0]);
    const [expected, found] = await Promise.all([sha256OfPart(large, alone, 0), sha256OfPart(large, file, shard)]);
    if (expected !== found)
      throw new Error(`scores of shard ${shard} have sha256 ${found}, of the same rows alone ${expected}`);
  }
  console.log(`scores of shards ${chosen.join(', ')} equal those of the same rows in files of their own, byte by byte`);

  await pretendScored(large, file, shards);
  const [finished] = await large.score(file, [0]);
  const { outcome } = await large.read(file);
  if (finished !== undefined) console.log(`finished in ${describe(finished)}`);
  if (outcome?.value.status !== 'succeeded') throw new Error(`the file has ended in ${JSON.stringify(outcome)}`);
}

/**
 * Writes a part without scores, and a receipt for it, for every shard that has none, so that the file can be finished.
 */
async function pretendScored({ site }: LargeSite, { source }: FileVersion, shards: readonly Shard[]): Promise<void> {
  const done = await shardsDone(site.store, source);
  await mapAtOnce(shards, async ({ index, rows }) => {
    if (done.has(index)) return;
    const counts = { rowsIn: rows, scored: rows, rejected: 0, rejectedByReason: {}, features: {}, repeatedKeys: 0 };
    const of = { sha256: createHash('sha256').digest('hex'), seconds: 1, cpuModel: 'none' };
    const receipt: Receipt = { formatVersion: FORMAT_VERSION, shard: index, ...counts, ...of };
    await site.store.put(workPartKey(source, index), 'pretended');
    await site.store.put(receiptKey(source, index), recordText(receipt));
  });
}

/** Returns the rows of one shard as a Parquet file of their own. */
async function rowsAlone(
  database: Database,
  group: string,
  { firstRow, rows }: { readonly firstRow: number; readonly rows: number },
): Promise<Buffer> {
  const path = `${group}.alone`;
  const taken = `SELECT row, user_id, item_id, price FROM range(${firstRow}, ${firstRow + rows}) AS t(i) JOIN read_parquet(${literal(group)}, file_row_number = true) AS rows ON file_row_number = i % ${GROUP_ROWS} ORDER BY i`;
  await execute(database, `COPY (${taken}) TO ${literal(path)} (FORMAT parquet)`);
  return readFile(path);
}

async function sha256OfPart({ site }: LargeSite, { source }: FileVersion, shard: number): Promise<string> {
  const { body } = await site.store.get(workPartKey(source, shard));
  return createHash('sha256').update(body).digest('hex');
}

/** Writes a Parquet file of one row group. Every ten-thousandth row has no key, and must be rejected. */
async function writeGroup(database: Database, path: string, { unneeded }: Shape): Promise<void> {
  const ballast = Array.from({ length: unneeded }, (_, column) => `random() AS unneeded_${column}`);
  const columns = [
    'CASE WHEN i % 10000 = 7 THEN NULL ELSE i END AS row',
    '(i * 31) % 400 AS user_id',
    "'item' || ((i * 17) % 50) AS item_id",
    '((i * 13) % 500) / 10 AS price',
    ...ballast,
  ];
  const format = `FORMAT parquet, ROW_GROUP_SIZE ${GROUP_ROWS}, COMPRESSION uncompressed`;
  await execute(database, `COPY (SELECT ${columns} FROM range(${GROUP_ROWS}) AS t(i)) TO ${literal(path)} (${format})`);
}
