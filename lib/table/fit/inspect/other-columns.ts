/**
 * The columns of a log that the declaration does not name: what they are, and whether one of them tells a label alone. A
 * column that is known only afterwards would be taken for the best of all features.
 */
import { sameColumn } from '../../../config/names.ts';
import { orderedBits } from '../../../numbers/rank-search.ts';
import { fixed, listed, percent } from '../../../numbers/text.ts';
import { labelledStages } from '../../check/labels.ts';
import { goodLogRows, type PreparedLog } from '../../check/prepared-rows.ts';
import { logColumns } from '../../check/required-columns.ts';
import { truthColumns } from '../../check/truth.ts';
import { type Column, type ColumnKind, columnValue, type Relation, type Value } from '../../columns.ts';
import type { Database } from '../../database.ts';
import { type ColumnArray, type ColumnLayout, readColumns } from '../../read-columns.ts';
import { numberSql } from '../../values/numbers.ts';
import { presentText } from '../../values/texts.ts';
import { greatestAucs } from '../measure/label-aucs.ts';
import { LEAK_AUC } from '../suspicious.ts';

/** A column that is not declared. */
export interface OtherColumn {
  readonly name: string;
  readonly type: string;
  /** Share of the rows that were looked at without a value. */
  readonly missing: number;
  /** Whether all rows that were looked at have one value, or none has any. */
  readonly isConstant: boolean;
  /** Greatest AUC with which it tells a label alone, by labelled stage; 0 where too few rows have a class. */
  readonly aucs: Readonly<Record<string, number>>;
}

/** Rows that are looked at: in blocks of neighbours, so that the rest of a file need not be unpacked. */
const SAMPLE_ROWS = 100_000;
const BLOCK = 2048;
/** Columns that are read at once. */
const COLUMNS = 32;

/** Looks at the columns that are not declared, in a sample of the good rows. */
export async function findOtherColumns(database: Database, log: PreparedLog): Promise<OtherColumn[]> {
  const { relation } = log.source;
  const others = undeclared(relation, log);
  const found: OtherColumn[] = [];
  for (let from = 0; from < others.length; from += COLUMNS)
    found.push(...(await lookAt(database, log, others.slice(from, from + COLUMNS))));
  return found;
}

/** Returns a note that names the columns, and warnings of those that tell a label alone. */
export function otherColumnNotes(columns: readonly OtherColumn[]): string[] {
  if (columns.length === 0) return [];
  const leaks = columns.flatMap(({ name, aucs }) =>
    Object.entries(aucs).flatMap(([stage, auc]) =>
      auc > LEAK_AUC
        ? [
            `${name}, which is not declared, alone tells ${stage} with an AUC of ${fixed(auc, 3)}: it is most likely known only afterwards; log.outcomes keeps it from becoming a feature`,
          ]
        : [],
    ),
  );
  const names = columns.map(({ name, isConstant, missing }) =>
    missing === 1
      ? `${name} (no value)`
      : isConstant
        ? `${name} (one value)`
        : missing >= 0.5
          ? `${name} (${percent(missing)} missing)`
          : name,
  );
  return [`columns of the log that are not used: ${listed(names)}`, ...leaks];
}

function undeclared(relation: Relation, { declaration }: PreparedLog): Column[] {
  const { log } = declaration;
  const declared = [...logColumns(declaration), ...log.outcomes, ...truthColumns(declaration).map(([, name]) => name)];
  return relation.columns.filter(({ name }) => !declared.some((one) => sameColumn(one, name)));
}

async function lookAt(database: Database, log: PreparedLog, columns: readonly Column[]): Promise<OtherColumn[]> {
  const stages = labelledStages(log.declaration);
  const { isFirst, labels, texts, numbers } = await readSample(database, log, columns, stages.length);
  return columns.map(({ name, type }, index) => {
    const number = numbers[index] as Float32Array;
    const rows = number.length;
    const missing = number.reduce((sum, value) => sum + Number(value === Number.NEGATIVE_INFINITY), 0);
    const isOrdered = !number.some(Number.isNaN);
    const keys = isOrdered ? numberKeys(number) : new Uint32Array((texts[index] as Int32Array).buffer);
    const aucs = greatestAucs(keys, { isFirst, labels }, isOrdered);
    return {
      name,
      type,
      missing: rows === 0 ? 0 : missing / rows,
      isConstant: keys.every((key) => key === keys[0]),
      aucs: Object.fromEntries(stages.map((stage, i) => [stage.name, aucs[i] as number])),
    };
  });
}

/** A sample of rows: each column as hashes of its texts, and as numbers: -Infinity where missing, NaN where it is none. */
interface Sample {
  readonly isFirst: Uint8Array;
  readonly labels: readonly Int8Array[];
  readonly texts: readonly Int32Array[];
  readonly numbers: readonly Float32Array[];
}

async function readSample(
  database: Database,
  log: PreparedLog,
  columns: readonly Column[],
  stages: number,
): Promise<Sample> {
  const { relation, rows } = log.source;
  const step = Math.max(1, Math.floor(rows / SAMPLE_ROWS));
  const inSample = `("#row" // ${BLOCK}) % ${step} = 0`;
  const labels = Array.from({ length: stages }, (_, i) => `"#label${i}"`);
  const good = `SELECT ${['"#row" AS place', ...labels].join(', ')} FROM ${goodLogRows(log, [])} WHERE ${inSample}`;
  const values = columns.map((column) => columnValue(column, relation.texts));
  const keys = [
    ...values.map((value, i) => `${hashSql(value)} AS text${i}`),
    ...values.map((value, i) => `${orderSql(value)} AS number${i}`),
  ];
  const all = `SELECT ${['"#row"', ...keys].join(', ')} FROM ${relation.from} WHERE ${inSample}`;
  const selected = [
    'CAST(hash(place) % 2 AS UTINYINT)',
    ...labels,
    ...values.map((_, i) => `text${i}`),
    ...values.map((_, i) => `number${i}`),
  ];
  const types = [
    'UTINYINT',
    ...labels.map(() => 'TINYINT'),
    ...values.map(() => 'INTEGER'),
    ...values.map(() => 'FLOAT'),
  ];
  const layout = types.map((type) => ({ type, length: null }) as ColumnLayout);
  const sql = `SELECT ${selected.join(', ')} FROM (${good}) JOIN (${all}) ON place = "#row"`;
  const blocks: ColumnArray[][] = selected.map(() => []);
  const connection = await database.connect();
  try {
    for await (const block of readColumns(connection, sql, layout))
      for (const [index, column] of block.columns.entries()) blocks[index]?.push(column.slice(0, block.rows));
  } finally {
    connection.closeSync();
  }
  const joined = blocks.map((parts, index) => concatenated(parts, ARRAYS[types[index] as keyof typeof ARRAYS]));
  return {
    isFirst: joined[0] as Uint8Array,
    labels: joined.slice(1, 1 + stages) as Int8Array[],
    texts: joined.slice(1 + stages, 1 + stages + values.length) as Int32Array[],
    numbers: joined.slice(1 + stages + values.length) as Float32Array[],
  };
}

const ARRAYS = { UTINYINT: Uint8Array, TINYINT: Int8Array, INTEGER: Int32Array, FLOAT: Float32Array } as const;

function concatenated(parts: readonly ColumnArray[], Type: (typeof ARRAYS)[keyof typeof ARRAYS]): ColumnArray {
  const all = new Type(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function textSql(value: Value): string {
  return value.kind === 'text' ? presentText(value) : `CAST(${value.sql} AS VARCHAR)`;
}

/** 32 bits of a hash: that two of a hundred thousand texts are taken for one does not move an AUC. */
function hashSql(value: Value): string {
  return `CAST(CAST(hash(${textSql(value)}) % ${2 ** 32} AS BIGINT) - ${2 ** 31} AS INTEGER)`;
}

const NUMBERS: readonly ColumnKind[] = ['text', 'boolean', 'integer', 'decimal', 'floating'];

function orderSql(value: Value): string {
  const number = NUMBERS.includes(value.kind) ? `TRY_CAST(${numberSql(value)} AS FLOAT)` : 'NULL';
  const isMissing =
    value.kind === 'floating' ? `${value.sql} IS NULL OR isnan(${value.sql})` : `${textSql(value)} IS NULL`;
  return `CAST(CASE WHEN ${isMissing} THEN '-inf' ELSE COALESCE(${number}, 'NaN') END AS FLOAT)`;
}

function numberKeys(numbers: Float32Array): Uint32Array {
  const bits = new Int32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  return Uint32Array.from(bits, orderedBits);
}
