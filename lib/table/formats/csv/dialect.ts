/** Finds out how a CSV file is written: its delimiter, quote, line end, and the names of its columns. */
import { isUtf8 } from 'node:buffer';
import type { CsvChoice } from '../../../config/declaration.ts';
import { countOf } from '../../../numbers/text.ts';
import { DataError } from '../../errors.ts';
import { splitRecord } from './fields.ts';
import type { CsvFile } from './file.ts';
import type { Writing } from './grammar.ts';
import { type BlockScanner, blockScanner } from './scan.ts';

/** How a CSV file is written, and what its columns are called. */
export interface Dialect extends Writing {
  /** Names of the columns, as many as a record has fields. */
  readonly header: readonly string[];
  /** Position of the first byte after the header, in the uncompressed UTF-8 text. */
  readonly bodyStart: number;
}

/** The beginning of a file. */
export interface Head {
  /** Name of the file, for messages. */
  readonly name: string;
  readonly bytes: Buffer;
  /** Whether these are all bytes of the file. */
  readonly isWhole: boolean;
}

/** A dialect, and what a user should know of how it was found, one sentence each. */
export interface FoundDialect {
  readonly dialect: Dialect;
  readonly notes: readonly string[];
}

const DELIMITERS = [',', ';', '\t', '|', '\x01'];
const FIRST_BYTES = 16 * 1024;
const LONGEST_HEADER = 1024 * 1024;
/** Bytes after the header of which the delimiter is judged. */
const SAMPLE_BYTES = 256 * 1024;

/** Reads the beginning of a file, which has its header unless that is endless. */
export async function readHead({ name, read }: CsvFile): Promise<Head> {
  const blocks: Buffer[] = [];
  let length = 0;
  for await (const block of read()) {
    blocks.push(block);
    length += block.length;
    if (length > LONGEST_HEADER + SAMPLE_BYTES) break;
  }
  return { name, bytes: Buffer.concat(blocks), isWhole: length <= LONGEST_HEADER + SAMPLE_BYTES };
}

/**
 * Finds the dialect of a file, as far as it is not declared. The delimiter is one of those in the header: the one by
 * which most records at the beginning have as many fields.
 * @throws {DataError} if there is no header, or it is not valid.
 */
export function findDialect(head: Head, choice: CsvChoice): FoundDialect {
  const { start, delimiter: told } = beginning(head);
  const writing: Omit<Writing, 'delimiter'> = {
    quote: choice.quote === undefined ? '"' : choice.quote,
    ...escapesOf(choice),
    lineEnd: lineEndOf(head.bytes.subarray(start)),
  };
  const known = choice.delimiter ?? told;
  const tried = (known === null ? DELIMITERS : [known]).map((delimiter) => {
    const candidate = { ...writing, delimiter };
    return judge(head, start, choice.quote === undefined ? withQuotes(head, start, candidate) : candidate, choice);
  });
  const best = tried.reduce((one, other) => (isBetter(other, one) ? other : one));
  assertSingleDelimiter(head, best.found.dialect);
  assertListed(head, best, choice);
  const notes = told === null ? [] : [`${head.name}: the delimiter is "${told}", as its first line says`];
  if (writing.lineEnd === 'cr') notes.push(`${head.name}: lines end with a carriage return alone`);
  return { dialect: best.found.dialect, notes: [...notes, ...best.found.notes] };
}

/** Returns the dialect of a file that is written in this way. */
export function dialectOf(head: Head, writing: Writing, choice: CsvChoice): FoundDialect {
  return judge(head, beginning(head).start, writing, choice).found;
}

/** Returns the escape that is declared, or none. A quote as the escape means that quotes are doubled, as always. */
export function escapesOf({ quote, escape: declared }: CsvChoice): Pick<Writing, 'escaping' | 'escapesIn'> {
  const escaping = declared === undefined || declared === (quote ?? '"') ? null : declared;
  return { escaping, escapesIn: quote === null ? 'fields' : 'quotes' };
}

/** Returns where the header begins, after blank lines and a first line such as `sep=;`, which Excel reads and writes. */
function beginning({ name, bytes }: Head): { readonly start: number; readonly delimiter: string | null } {
  const isBlankLine = (at: number) => bytes[at] === 10 || bytes[at] === 13;
  let start = bytes.subarray(0, 3).equals(Buffer.from('\ufeff')) ? 3 : 0;
  while (isBlankLine(start)) start += 1;
  const told = /^"?sep=([\x20-\x7e\t])"?[\r\n]+/.exec(bytes.toString('latin1', start, start + 16));
  if (told !== null) start += told[0].length;
  while (isBlankLine(start)) start += 1;
  if (start >= bytes.length)
    throw new DataError('empty_file', `${name} has no header, expected a line of column names`);
  return { start, delimiter: told?.[1] ?? null };
}

/** Lines end with a carriage return alone if there is one, and no line feed outside quotes. */
function lineEndOf(bytes: Buffer): Writing['lineEnd'] {
  if (!bytes.includes(13)) return 'lf';
  let isQuoted = false;
  for (const byte of bytes) {
    if (byte === 34) isQuoted = !isQuoted;
    if (byte === 10 && !isQuoted) return 'lf';
  }
  return 'cr';
}

/** Returns the writing with single quotes if the header has names in single quotes. */
function withQuotes(head: Head, start: number, writing: Writing): Writing {
  const { names } = firstRecord(head, start, writing);
  return names.some((name) => /^'.*'$/s.test(name.trim())) ? { ...writing, quote: "'" } : writing;
}

interface Judged {
  readonly found: FoundDialect;
  /** Share of the records at the beginning that have as many fields as the header. */
  readonly share: number;
}

/** Reads the header by a writing, and how well the next records fit it. */
function judge(head: Head, start: number, writing: Writing, choice: CsvChoice): Judged {
  const first = firstRecord(head, start, writing);
  const names = withoutBlanks(first.names);
  const body = { start: choice.header === true || isHeader(names, choice.header) ? first.next : start };
  const sample = head.bytes.subarray(body.start, body.start + SAMPLE_BYTES);
  const isWhole = head.isWhole && body.start + SAMPLE_BYTES >= head.bytes.length;
  const shareOf = (fields: number) => {
    const { count, faults } = blockScanner(writing, { fields })(sample, 0, isWhole);
    const malformed = [...faults.values()].filter(({ kind }) => kind === 'malformed').length;
    return count === 0 ? 1 : (count - malformed) / count;
  };
  const notes: string[] = [];
  let header = headerOf(names, choice.header);
  let share = shareOf(header.length);
  if (body.start === first.next) {
    if (choice.header !== true)
      notes.push(`${head.name}: its first line is taken for a header, since it has the names of one`);
    const padded = first.names.find((name, index) => name !== names[index]);
    if (padded !== undefined) notes.push(`${head.name}: blanks around names of columns are left out: "${padded}"`);
    // A delimiter after the last name is not a column if the records have none for it.
    if (header.length > 1 && header.at(-1) === '' && shareOf(header.length - 1) > share) {
      header = header.slice(0, -1);
      share = shareOf(header.length);
    }
  }
  return { found: { dialect: { ...writing, header, bodyStart: body.start }, notes }, share };
}

/** Returns names without the blanks around them, unless only these tell them apart. */
function withoutBlanks(names: readonly string[]): string[] {
  const trimmed = names.map((name) => name.trim());
  return trimmed.map((name, index) => (trimmed.filter((one) => one === name).length > 1 ? (names[index] ?? '') : name));
}

/** Whether a first record is a header although files need none: it has declared names alone, or all of them. */
function isHeader(fields: readonly string[], declared: false | readonly string[]): boolean {
  if (declared === false) return isUnique(fields) && fields.every((field) => /^column\d+$/.test(field));
  const [has, lists] = [new Set(fields), new Set(declared)];
  return (isUnique(fields) && fields.every((field) => lists.has(field))) || declared.every((name) => has.has(name));
}

function isUnique(fields: readonly string[]): boolean {
  return new Set(fields).size === fields.length;
}

/** Returns the names of the columns: those of the first record, those that are declared, or `column0` and so on. */
function headerOf(fields: readonly string[], declared: boolean | readonly string[]): readonly string[] {
  if (declared === true) return fields;
  if (declared !== false) return isHeader(fields, declared) ? fields : declared;
  return isHeader(fields, declared) ? fields : fields.map((_, index) => `column${index}`);
}

function isBetter(one: Judged, other: Judged): boolean {
  const columns = ({ found }: Judged) => found.dialect.header.length;
  const weight = (judged: Judged) => (columns(judged) > 1 ? 1 + judged.share : judged.share);
  return weight(one) === weight(other) ? columns(one) > columns(other) : weight(one) > weight(other);
}

function firstRecord(
  { name, bytes }: Head,
  start: number,
  writing: Writing,
): { readonly names: readonly string[]; readonly next: number } {
  const found = firstScanned(bytes.subarray(start), writing);
  const [from, to] = [start + (found.starts[0] ?? 0), start + (found.ends[0] ?? 0)];
  const fault = found.faults.get(0);
  if (fault?.kind === 'malformed' && fault.reason === 'quote_not_closed')
    throw new DataError('quote_not_closed', `quote not closed in ${name}: the header does not end`);
  if (to - from >= LONGEST_HEADER)
    throw new DataError('wrong_format', `${name} is not CSV: its first line does not end`);
  const record = bytes.subarray(from, to);
  const isText = isUtf8(record);
  if (!isText || record.includes(0))
    throw new DataError(
      'wrong_format',
      `${name} is not text: its first line is not UTF-8${isText ? '' : ', expected that or csv.encoding in the declaration'}`,
    );
  const next = start + (found.count > 1 ? (found.starts[1] ?? 0) : found.used);
  return { names: splitRecord(record.toString('utf8'), writing), next };
}

/** Scans enough bytes for one record at least. Whatever its number of fields is, none is dropped. */
function firstScanned(bytes: Buffer, writing: Writing): ReturnType<BlockScanner> {
  const scan = blockScanner(writing, { fields: Number.POSITIVE_INFINITY });
  for (let length = FIRST_BYTES; length < bytes.length && length < LONGEST_HEADER; length *= 4) {
    const found = scan(bytes.subarray(0, length), 0, false);
    if (found.count > 0) return found;
  }
  return scan(bytes.subarray(0, LONGEST_HEADER), 0, true);
}

/** Refuses a file without a header line whose records do not fit the declared names. */
function assertListed(head: Head, { found: { dialect }, share }: Judged, { header }: CsvChoice): void {
  if (typeof header === 'boolean' || share > 0) return;
  const { names } = firstRecord(head, beginning(head).start, dialect);
  throw new DataError(
    'wrong_format',
    `${head.name} has ${countOf(names.length, 'field')} in its first line, expected ${header.length}, as csv.header lists: begin this file with a line of its columns' names`,
  );
}

/** Refuses a delimiter of two characters: by one of them every second name is empty, and every second field, too. */
function assertSingleDelimiter(head: Head, { header, bodyStart, ...writing }: Dialect): void {
  const isSpaced = (fields: readonly string[]) =>
    fields.length > 2 && fields.length % 2 === 1 && fields.every((field, index) => index % 2 === 0 || field === '');
  if (!isSpaced(header)) return;
  if (bodyStart < head.bytes.length && !isSpaced(firstRecord(head, bodyStart, writing).names)) return;
  const { delimiter } = writing;
  throw new DataError(
    'wrong_format',
    `${head.name} has the delimiter "${delimiter}${delimiter}", expected one character`,
  );
}
