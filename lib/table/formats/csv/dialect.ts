/** Finds out how a CSV file is written: its delimiter, quote, line end, and the names of its columns. */
import { isUtf8 } from 'node:buffer';
import type { CsvChoice } from '../../../config/declaration.ts';
import { countOf } from '../../../numbers/text.ts';
import { DataError } from '../../errors.ts';
import { afterComments, beginning, type Head, lineEndOf } from './beginning.ts';
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

/** A dialect, and what a user should know of how it was found, one sentence each. */
export interface FoundDialect {
  readonly dialect: Dialect;
  readonly notes: readonly string[];
}

const DELIMITERS = [',', ';', '\t', '|', '\x01'];
const FIRST_BYTES = 16 * 1024;
const LONGEST_HEADER = 1024 * 1024;
/** Lines after the header in which a separator must stand that is none of the delimiters. */
const LINES_COMPARED = 16;
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
  if (known === null) assertDelimited(head, best.found.dialect);
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

/** Reads the header by a writing, after lines of comments if the records fit the line after them better. */
function judge(head: Head, start: number, writing: Writing, choice: CsvChoice): Judged {
  const first = judgeAt(head, start, writing, choice);
  const after = afterComments(head, start);
  if (after === start) return first;
  const other = judgeAt(head, after, writing, choice);
  if (!isBetter(other, first)) return first;
  const { dialect, notes } = other.found;
  const told = `${head.name}: lines that begin with # before the header are left out`;
  return { ...other, found: { dialect, notes: [told, ...notes] } };
}

/** Reads the header at a position by a writing, and how well the next records fit it. */
function judgeAt(head: Head, start: number, writing: Writing, choice: CsvChoice): Judged {
  const first = firstRecord(head, start, writing);
  const names = withoutBlanks(first.names);
  const body = { start: choice.header === true || isHeader(names, choice.header) ? first.next : start };
  const sample = head.bytes.subarray(body.start, body.start + SAMPLE_BYTES);
  const isWhole = head.isWhole && body.start + SAMPLE_BYTES >= head.bytes.length;
  const shareOf = (fields: number, as = writing) => {
    const { count, faults } = blockScanner(as, { fields })(sample, 0, isWhole);
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
    // R escapes quotes in quotes, which may stand in every row.
    const escapes = { ...writing, escaping: choice.escape === undefined ? '\\' : writing.escaping };
    const named = share > 0 ? 0 : Math.max(...[writing, escapes].map((as) => shareOf(header.length + 1, as)));
    if (share === 0 && choice.header === true && hasRowNames(head, first.next, writing) && named >= 0.5) {
      header = ['', ...header];
      share = shareOf(header.length);
      notes.push(`${head.name}: rows have one field more than the header, the first, which is taken for their names`);
    }
  }
  return { found: { dialect: { ...writing, header, bodyStart: body.start }, notes }, share };
}

/** Whether the first row begins as one with its name, as R writes it: in quotes, or with its number. */
function hasRowNames({ bytes }: Head, start: number, { quote, delimiter }: Writing): boolean {
  const first = bytes.toString('latin1', start, start + 2);
  return first === `1${delimiter}` || first.charAt(0) === quote;
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
): { readonly text: string; readonly names: readonly string[]; readonly next: number } {
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
  const text = record.toString('utf8');
  return { text, names: splitRecord(text, writing), next };
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

/** Refuses a file of one column whose header has a separator that most of the next lines have as often. */
function assertDelimited(head: Head, { header, bodyStart, ...writing }: Dialect): void {
  if (header.length > 1) return;
  const { text, next } = firstRecord(head, beginning(head).start, writing);
  const separator = /[^\p{L}\p{N}_\s"'.()-]+|\s+/u.exec(text)?.[0];
  if (separator === undefined || next !== bodyStart) return;
  const separators = (line: string) => line.split(separator).length;
  const lines = head.bytes
    .toString('utf8', bodyStart, bodyStart + FIRST_BYTES)
    .split(/[\r\n]+/)
    .filter((line) => line !== '')
    .slice(0, LINES_COMPARED);
  const without = lines.filter((line) => separators(line) < separators(text));
  // A line may be a part of a text.
  if (4 * without.length > lines.length) return;
  const remedy = separator.length === 1 ? `: declare csv.delimiter if "${separator}" is the delimiter` : '';
  throw new DataError(
    'wrong_format',
    `${head.name} has one column, ${text.slice(0, 64)}, expected several with a delimiter of one character${remedy}`,
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
