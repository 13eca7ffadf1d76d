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
  /** Number of records that it should have. */
  readonly rows: number;
  /** Name of the file, for messages. */
  readonly name: string;
  /**
   * Positions of the columns that are converted. Those of integers become such. @default all, as texts
   */
  readonly needed?: readonly number[] | undefined;
}

/** A file that has been converted. */
export interface Converted {
  /** Number of records. */
  readonly rows: number;
  /** Positions of the columns that are BIGINT. */
  readonly integers: readonly number[];
}

/** Bytes of the longest record when each of its fields is put in quotes, and each quote is doubled. */
const LONGEST_LINE = 4 * MAX_RECORD_BYTES;
/** Bytes at the beginning of a text by which columns are taken for integers. */
const SAMPLE_BYTES = 64 * 1024;
/** The texts that DuckDB writes for integers, of at most 64 bits. */
const INTEGER = /^(?:0|-?[1-9][0-9]{0,17})$/;

/**
 * Converts clean text to Parquet with the columns `c0`, `c1` and so on, in which empty fields are NULL. They are texts;
 * but where some columns are needed alone, one whose every text is that of an integer is a BIGINT.
 * @throws {DataError} if DuckDB cannot read it.
 */
export async function convertClean(database: Database, conversion: Conversion): Promise<Converted> {
  const likely = conversion.needed === undefined ? [] : await likelyIntegers(conversion, conversion.needed);
  const converted = await convert(database, conversion, likely);
  if (converted.rows === conversion.rows || likely.length === 0) return converted;
  // Rows with another text in such a column were left out.
  return convert(database, conversion, await provenIntegers(database, conversion, likely));
}

/** Leaves out the rows in which a column of integers has another text. */
async function convert(database: Database, conversion: Conversion, integers: readonly number[]): Promise<Converted> {
  const { parquet, dialect, name } = conversion;
  const needed = conversion.needed ?? [...dialect.header.keys()];
  const columns = needed.map((index) => (integers.includes(index) ? `${integerOf(index)} AS c${index}` : `c${index}`));
  const condition = integers.length === 0 ? '' : ` WHERE ${integers.map(isIntegerText).join(' AND ')}`;
  const rows = `SELECT ${columns.length === 0 ? 'c0' : columns.join(', ')} FROM ${scanOf(conversion)}${condition}`;
  try {
    // Fast compression, since the file is read a few times and then removed.
    await execute(database, `COPY (${rows}) TO ${writePath(parquet)} (FORMAT parquet, COMPRESSION snappy)`);
  } catch (error) {
    const message = firstLine(error);
    // A full disk or too little memory says nothing about the content of the file.
    if (/^(IO|Out of Memory) Error/.test(message)) throw error;
    throw new DataError('unreadable', `${name} cannot be read as CSV: ${message}`, { cause: error });
  }
  const counted = `SELECT count(*) AS rows FROM read_parquet(${readPath(parquet)})`;
  return { rows: Number((await queryOne(database, counted)).rows), integers };
}

/** The columns whose every text is that of an integer. */
async function provenIntegers(
  database: Database,
  conversion: Conversion,
  likely: readonly number[],
): Promise<number[]> {
  const facts = likely.map((index) => `bool_and(${isIntegerText(index)}) AS c${index}`);
  const proven = await queryOne(database, `SELECT ${facts.join(', ')} FROM ${scanOf(conversion)}`);
  return likely.filter((index) => proven[`c${index}`] === true);
}

/** The SQL that reads clean text. */
function scanOf({ clean, dialect: { delimiter, quote, header } }: Conversion): string {
  const columns = header.map((_, index) => `c${index}: 'VARCHAR'`).join(', ');
  const mark = literal(quote ?? DEFAULT_QUOTE);
  return (
    `read_csv(${readPath(clean)}, auto_detect = false, header = false, delim = ${literal(delimiter)}, quote = ${mark}, ` +
    `escape = ${mark}, nullstr = '', new_line = '\\n', max_line_size = ${LONGEST_LINE}, buffer_size = ${4 * LONGEST_LINE}, columns = {${columns}})`
  );
}

function integerOf(index: number): string {
  return `TRY_CAST(c${index} AS BIGINT)`;
}

/** The SQL condition that a text is NULL or, exactly, the one that DuckDB writes for an integer. */
function isIntegerText(index: number): string {
  return `c${index} IS NOT DISTINCT FROM CAST(${integerOf(index)} AS VARCHAR)`;
}

/** Positions of the columns that have integers alone in the first records, and not only empty fields. */
async function likelyIntegers({ clean, dialect }: Conversion, columns: readonly number[]): Promise<number[]> {
  const { delimiter, header } = dialect;
  const mark = dialect.quote ?? DEFAULT_QUOTE;
  const lines = (await readStart(clean, SAMPLE_BYTES)).split('\n').slice(0, -1);
  const records = lines
    .map((line) => line.split(delimiter).map((field) => unquoted(field, mark)))
    .filter((fields) => fields.length === header.length);
  return columns.filter((index) => {
    const texts = records.map((fields) => fields[index] ?? '').filter((text) => text !== '');
    return texts.length > 0 && texts.every((text) => INTEGER.test(text));
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
