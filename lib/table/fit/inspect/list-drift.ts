/** How much the values of bags and sequences, and the number of values in a row, differ between the parts of a log. */

import type { ListFeature } from '../../../config/declaration.ts';
import { isList } from '../../../config/features/kinds.ts';
import { goodLogRows, type PreparedLog } from '../../check/prepared-rows.ts';
import { type Database, query } from '../../database.ts';
import { PARTS } from '../../encoded.ts';
import { preparedName } from '../../kinds/feature-kind.ts';
import { inSampleSql, sampleStep } from '../sample.ts';
import { BUCKETS, driftsOfCounts, frequentBins, type PartDrift } from './part-drift.ts';

/** Rows that are looked at. */
const SAMPLE_ROWS = 100_000;

/** Measures the drift of bags and sequences: of their values, of which a row without any has one, and of their number. */
export async function listDrifts(database: Database, log: PreparedLog): Promise<PartDrift[]> {
  const drifts: PartDrift[] = [];
  for (const feature of log.declaration.features.filter(isList))
    drifts.push(...(await driftsOf(database, log, feature)));
  return drifts;
}

async function driftsOf(database: Database, log: PreparedLog, feature: ListFeature): Promise<PartDrift[]> {
  const sample = inSampleSql(sampleStep(log.source.rows, SAMPLE_ROWS));
  const [list, length] = [preparedName('list', 0), preparedName('length', 0)];
  const from = `(SELECT "#part" AS part, ${list} AS list, ${length} AS length FROM ${goodLogRows(log, [feature])} WHERE ${sample})`;
  const counted = (bucket: string, rows: string) =>
    query(database, `SELECT part, ${bucket} AS bucket, count(*) AS count FROM ${rows} GROUP BY ALL`);
  // Values are never empty texts.
  const each = `(SELECT part, unnest(CASE WHEN len(list) > 0 THEN list ELSE [''] END) AS value FROM ${from})`;
  const values = await counted(`CAST(hash(value) % ${BUCKETS} AS INTEGER)`, each);
  const lengths = await counted(`CAST(least(length, ${BUCKETS - 1}) AS INTEGER)`, from);
  const rows = PARTS.map((_, code) =>
    lengths.reduce((sum, { part, count }) => sum + (Number(part) === code ? Number(count) : 0), 0),
  );
  return [
    ...driftsOfCounts({ feature: feature.name, of: 'values' }, binned(values), rows),
    ...driftsOfCounts({ feature: feature.name, of: 'length' }, binned(lengths), rows),
  ];
}

/** Returns, by part, the counts of the most frequent buckets of the training rows and of all others together. */
function binned(rows: readonly Readonly<Record<string, unknown>>[]): Float64Array[] {
  const counts = PARTS.map(() => new Float64Array(BUCKETS));
  for (const { part, bucket, count } of rows) (counts[Number(part)] as Float64Array)[Number(bucket)] = Number(count);
  const bins = frequentBins(counts[0] as Float64Array);
  return counts.map((own) => {
    const sums = new Float64Array(bins.count);
    for (const [bucket, count] of own.entries()) sums[bins.of(bucket)] = (sums[bins.of(bucket)] as number) + count;
    return sums;
  });
}
