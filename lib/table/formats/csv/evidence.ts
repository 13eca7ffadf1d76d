/** Compares two readings of the same bytes: by which of them are the records well formed? */
import type { Dialect } from './dialect.ts';
import type { CsvFile } from './file.ts';
import type { Writing } from './grammar.ts';
import { blockScanner, type RecordBlock, scanRecords } from './scan.ts';

/** Whether all records of the first `length` bytes are well formed by a writing. */
export function explains(
  writing: Writing,
  fields: number,
  { bytes, length, isLast }: { readonly bytes: Buffer; readonly length: number; readonly isLast: boolean },
): boolean {
  const { count, starts, used, faults } = blockScanner(writing, { fields })(bytes, 0, isLast);
  if (used < length) return false;
  for (let i = 0; i < count && (starts[i] ?? 0) < length; i += 1) if (faults.get(i)?.kind === 'malformed') return false;
  return true;
}

/**
 * Whether another dialect fits a file better: it has the same quote, or more records with a field in its quotes. Quotes
 * are ordinary characters if no record has a field in quotes; or, after a record in which they join others (`isJoined`),
 * if most records have none, and fewer are malformed.
 */
export async function isBetter(
  file: CsvFile,
  other: Dialect,
  { dialect, isJoined }: { readonly dialect: Dialect; readonly isJoined: boolean },
): Promise<boolean> {
  if (other.quote === dialect.quote) return true;
  const own = await countRecords(file, dialect);
  if (other.quote === null && own.quoted === 0) return true;
  const its = await countRecords(file, other);
  if (other.quote !== null) return its.quoted > own.quoted;
  return isJoined && 2 * own.quoted < own.records && its.malformed + own.doubled < own.malformed;
}

/** Returns the dialect by which the fewest records are malformed. */
export async function leastMalformed(file: CsvFile, dialects: readonly Dialect[]): Promise<Dialect> {
  let [least] = dialects as [Dialect];
  let fewest = Number.POSITIVE_INFINITY;
  for (const dialect of dialects) {
    const { malformed } = await countRecords(file, dialect);
    if (malformed < fewest) [least, fewest] = [dialect, malformed];
  }
  return least;
}

interface RecordCounts {
  readonly records: number;
  readonly malformed: number;
  /** Well-formed records with a field in quotes. */
  readonly quoted: number;
  /** Of these, those with doubled quotes inside. */
  readonly doubled: number;
}

async function countRecords(file: CsvFile, dialect: Dialect): Promise<RecordCounts> {
  const counts = { records: 0, malformed: 0, quoted: 0, doubled: 0 };
  const { quote } = dialect;
  for await (const block of recordsOf(file, dialect)) {
    counts.records += block.count;
    for (const { kind } of block.faults.values()) if (kind === 'malformed') counts.malformed += 1;
    if (quote !== null) addQuoted(counts, block, { ...dialect, quote });
  }
  return counts;
}

function addQuoted(
  counts: { quoted: number; doubled: number },
  { bytes, count, starts, ends, faults }: RecordBlock,
  dialect: Dialect & { readonly quote: string },
): void {
  const { quote } = dialect;
  for (let i = 0; i < count; i += 1) {
    const record = bytes.subarray(starts[i], ends[i]);
    if (!record.includes(quote) || faults.get(i)?.kind === 'malformed') continue;
    const text = record.toString('utf8');
    const quoted = text.split(dialect.delimiter).filter((field) => field.trim().startsWith(quote));
    if (quoted.length === 0) continue;
    counts.quoted += 1;
    if (quoted.some((field) => field.trim().length > 2 && field.includes(quote + quote))) counts.doubled += 1;
  }
}

function recordsOf(file: CsvFile, dialect: Dialect) {
  const bytes = file.read({ start: dialect.bodyStart, end: Number.POSITIVE_INFINITY });
  return scanRecords(bytes, dialect, { fields: dialect.header.length });
}
