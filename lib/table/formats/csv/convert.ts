/** Converts clean CSV, which DuckDB cannot misread, to Parquet. */
import { open } from 'node:fs/promises';
import { type Database, execute, literal, queryOne } from '../../database.ts';
import { DataError, firstLine } from '../../errors.ts';
import { readPath, writePath } from '../../paths.ts';
import type { Dialect } from './dialect.ts';
import { MAX_RECORD_BYTES } from './faults.ts';
import { DEFAULT_QUOTE } from './fields.ts';

/** Clean text, and where it is converted to. */
export interface Conversion {
  /** Path of the clean text. */
  readonly clean: string;
  readonly parquet: string;
  readonly dialect: Dialect;
  /** Name of the file, for messages. */
  readonly name: string;
  /** Whether columns of integers become such. */
  readonly typed: boolean;
}

/** Bytes of the longest record when each of its fields is put in quotes, and each quote is doubled. */
const LONGEST_LINE = 4 * MAX_RECORD_BYTES;
/** Bytes at the beginning of a text by which columns are taken for integers. */
const SAMPLE_BYTES = 64 * 1024;
/** Columns that turn out to have other texts, before all are left as texts. */
const MOST_OTHERS = 3;
/** The texts that DuckDB writes for integers, of at most 64 bits. */
const INTEGER = /^(?:0|-?[1-9][0-9]{0,17})$/;
const NOT_INTEGER = 'not an integer: column ';

/** A file that has been converted. */
export interface Converted {
  /** Number of records. */
  readonly rows: number;
  /** Positions of the columns that are BIGINT. */
  readonly integers: readonly number[];
}

/**
 * Converts clean text to Parquet with the columns `c0`, `c1` and so on, in which empty fields are NULL. They are texts;
 * but a column whose every text is that of an integer may be a BIGINT instead.
 * @throws {DataError} if DuckDB cannot read it.
 */
export async function convertClean(database: Database, conversion: Conversion): Promise<Converted> {
  const integers = await convert(database, conversion, conversion.typed ? await likelyIntegers(conversion) : []);
  const counted = `SELECT count(*) AS rows FROM read_parquet(${readPath(conversion.parquet)})`;
  return { rows: Number((await queryOne(database, counted)).rows), integers };
}

/** Begins again without a column that turns out to have other texts. */
async function convert(
  database: Database,
  conversion: Conversion,
  likely: readonly number[],
): Promise<readonly number[]> {
  let integers = likely;
  for (let others = 1; ; others += 1) {
    const other = await tryConvert(database, conversion, integers);
    if (other === null) return integers;
    integers = others === MOST_OTHERS ? [] : integers.filter((column) => column !== other);
  }
}

/** Returns the first column found that is not one of integers, and may have written a part; `null` if there is none. */
async function tryConvert(
  database: Database,
  { clean, parquet, dialect: { delimiter, quote, header }, name }: Conversion,
  integers: readonly number[],
): Promise<number | null> {
  const columns = header.map((_, index) => `c${index}: 'VARCHAR'`).join(', ');
  const mark = literal(quote ?? DEFAULT_QUOTE);
  const read =
    `read_csv(${readPath(clean)}, auto_detect = false, header = false, delim = ${literal(delimiter)}, quote = ${mark}, ` +
    `escape = ${mark}, nullstr = '', new_line = '\\n', max_line_size = ${LONGEST_LINE}, buffer_size = ${4 * LONGEST_LINE}, columns = {${columns}})`;
  const typed = integers.map((index) => `${integerSql(index)} AS c${index}`);
  const selected = typed.length === 0 ? '*' : `* REPLACE (${typed.join(', ')})`;
  // Fast compression, since the file is read a few times and then removed.
  const write = `COPY (SELECT ${selected} FROM ${read}) TO ${writePath(parquet)} (FORMAT parquet, COMPRESSION snappy)`;
  try {
    await execute(database, write);
    return null;
  } catch (error) {
    const message = firstLine(error);
    const other = new RegExp(`${NOT_INTEGER}(\\d+)`).exec(message)?.[1];
    if (other !== undefined && integers.includes(Number(other))) return Number(other);
    // A full disk or too little memory says nothing about the content of the file.
    if (/^(IO|Out of Memory) Error/.test(message)) throw error;
    throw new DataError('unreadable', `${name} cannot be read as CSV: ${message}`, { cause: error });
  }
}

/** The SQL of a text as an integer, which fails on any text but the one that DuckDB writes for that integer. */
function integerSql(index: number): string {
  const integer = `TRY_CAST(c${index} AS BIGINT)`;
  const isSame = `c${index} IS NULL OR CAST(${integer} AS VARCHAR) = c${index}`;
  return `CASE WHEN ${isSame} THEN ${integer} ELSE error('${NOT_INTEGER}${index}') END`;
}

/** Positions of the columns that have integers alone in the first records, and not only empty fields. */
async function likelyIntegers({ clean, dialect }: Conversion): Promise<number[]> {
  const { delimiter, header } = dialect;
  const mark = dialect.quote ?? DEFAULT_QUOTE;
  const lines = (await readStart(clean, SAMPLE_BYTES)).split('\n').slice(0, -1);
  const records = lines
    .map((line) => line.split(delimiter).map((field) => unquoted(field, mark)))
    .filter((fields) => fields.length === header.length);
  return header.flatMap((_, index) => {
    const texts = records.map((fields) => fields[index] ?? '').filter((text) => text !== '');
    return texts.length > 0 && texts.every((text) => INTEGER.test(text)) ? [index] : [];
  });
}

function unquoted(field: string, mark: string): string {
  return field.length > 1 && field.startsWith(mark) && field.endsWith(mark) ? field.slice(1, -1) : field;
}

async function readStart(path: string, bytes: number): Promise<string> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
