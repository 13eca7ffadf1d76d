/** How well the values of features with one value in a row tell the labels, in a sample of the rows. */
import type { Feature } from '../../../config/declaration.ts';
import { orderedBits } from '../../../numbers/rank-search.ts';
import { goodLogRows, type PreparedLog } from '../../check/prepared-rows.ts';
import { type Database, queryOne, withConnection } from '../../database.ts';
import { featureKind } from '../../kinds/index.ts';
import { type ColumnArray, type ColumnLayout, readColumns } from '../../read-columns.ts';
import { inFirstHalfSql, inSampleSql } from '../sample.ts';
import { greatestAucs, type LabelledRows } from './label-aucs.ts';

/** Columns that are read at once. */
const COLUMNS = 16;

/** Number of the labelled stages, and for how many rows each row of the sample stands. */
interface Sampling {
  readonly stages: number;
  readonly step: number;
  /** Called with each column that is read. */
  readonly onColumn?: ((column: SampledColumn) => void) | undefined;
}

/** A sample of rows with one column's keys, equal for equal values; those of numbers are in their order. */
export interface SampledColumn {
  readonly feature: string;
  readonly keys: Uint32Array;
  /** Index into `PARTS` of each row. */
  readonly part: Uint8Array;
  readonly isOrdered: boolean;
}

/** Returns the greatest AUC of each feature for each labelled stage, as `greatestAucs`. */
export async function valueAucs(
  database: Database,
  log: PreparedLog,
  features: readonly Feature[],
  sampling: Sampling,
): Promise<[feature: string, aucs: number[]][]> {
  const found: [string, number[]][] = [];
  for (let from = 0; from < features.length; from += COLUMNS) {
    const some = features.slice(from, from + COLUMNS);
    const { keys, part, isFirst, labels } = await readSample(database, log, some, sampling);
    for (const [index, feature] of some.entries()) {
      const isOrdered = featureKind(feature).scale === 'ordered';
      sampling.onColumn?.({ feature: feature.name, keys: keys[index] as Uint32Array, part, isOrdered });
      found.push([feature.name, greatestAucs(keys[index] as Uint32Array, { isFirst, labels }, isOrdered)]);
    }
  }
  return found;
}

/** Rows of a sample. */
interface Sample extends LabelledRows {
  /** Index into `PARTS` of each row. */
  readonly part: Uint8Array;
  /** By feature: equal for equal values; of numbers also in their order, a missing one before all others. */
  readonly keys: readonly Uint32Array[];
}

interface SampleColumn extends ColumnLayout {
  readonly sql: string;
}

async function readSample(
  database: Database,
  log: PreparedLog,
  features: readonly Feature[],
  { stages, step }: Sampling,
): Promise<Sample> {
  const columns: readonly SampleColumn[] = [
    { sql: `CAST(${inFirstHalfSql(step)} AS UTINYINT)`, type: 'UTINYINT', length: null },
    { sql: 'CAST("#part" AS UTINYINT)', type: 'UTINYINT', length: null },
    ...Array.from({ length: stages }, (_, stage): SampleColumn => {
      return { sql: `"#label${stage}"`, type: 'TINYINT', length: null };
    }),
    ...features.map(keyColumn),
  ];
  const from = `${goodLogRows(log, features)} WHERE ${inSampleSql(step)}`;
  const rows = Number((await queryOne(database, `SELECT count(*) AS rows FROM ${from}`)).rows);
  const isFirst = new Uint8Array(rows);
  const part = new Uint8Array(rows);
  const labels = Array.from({ length: stages }, () => new Int8Array(rows));
  const keys = features.map(() => new Uint32Array(rows));
  const selected = columns.map(({ sql }) => sql).join(', ');
  await withConnection(database, async (connection) => {
    let at = 0;
    for await (const block of readColumns(connection, `SELECT ${selected} FROM ${from}`, columns)) {
      const [first, parts, ...others] = block.columns.map((column) => column.subarray(0, block.rows));
      isFirst.set(first as Uint8Array, at);
      part.set(parts as Uint8Array, at);
      for (const [stage, label] of labels.entries()) label.set(others[stage] as Int8Array, at);
      for (const [index, key] of keys.entries()) copyKeys(others[stages + index] as ColumnArray, key, at);
      at += block.rows;
    }
  });
  return { isFirst, part, labels, keys };
}

/** Numbers become keys in their order, and what is known by a hash is a key already. */
function copyKeys(from: ColumnArray, to: Uint32Array, at: number): void {
  if (from instanceof Float32Array) {
    const bits = new Int32Array(from.buffer, from.byteOffset, from.length);
    for (let i = 0; i < bits.length; i++) to[at + i] = orderedBits(bits[i] as number);
  } else to.set(from, at);
}

/** A text is known by 32 bits of its hash: that two of half a million are taken for one does not move an AUC. */
function keyColumn(feature: Feature, index: number): SampleColumn {
  const value = featureKind(feature).eachValue(index);
  if (featureKind(feature).scale === 'ordered')
    return { sql: `COALESCE(${value}, CAST('-inf' AS FLOAT))`, type: 'FLOAT', length: null };
  const bits = `CAST(hash(${value}) % ${2 ** 32} AS BIGINT) - ${2 ** 31}`;
  return { sql: `CAST(${bits} AS INTEGER)`, type: 'INTEGER', length: null };
}
