/**
 * Notices that a file is written otherwise than it is read. In the wrong reading a quote takes whole lines into one
 * record. If that is malformed, or its lines are records of their own, it shows another reading by which the same bytes
 * are well formed. The file is read from its beginning again, by that one.
 */
import type { CsvChoice } from '../../../config/declaration.ts';
import type { Head } from './beginning.ts';
import { type Dialect, dialectOf, escapesOf, findDialect, readHead } from './dialect.ts';
import { explains, isBetter, leastMalformed } from './evidence.ts';
import type { CsvFile } from './file.ts';
import type { Writing } from './grammar.ts';
import { blockScanner, type Suspect } from './scan.ts';

/** Thrown where records are well formed by another writing only. */
class MisreadError extends Error {
  override readonly name = 'MisreadError';
  constructor(
    readonly writing: Writing,
    /** Beginning of the record that shows it. */
    readonly excerpt: string,
    /** Whether the record is well formed, too, but its lines are records of their own by the other writing. */
    readonly isJoined: boolean,
  ) {
    super(`misread record: ${excerpt}`);
  }
}

/** A file is read by this dialect, and must be read again if `suspect` throws. */
export interface Reading {
  readonly dialect: Dialect;
  readonly suspect?: Suspect;
}

/** What was made of a file by the dialect that holds for all of it. */
export interface Settled<T> {
  readonly dialect: Dialect;
  readonly result: T;
  readonly notes: readonly string[];
}

/** Bytes that another writing must explain, and bytes that it may look at beyond them. */
const EXPLAINED_BYTES = 256 * 1024;
const FURTHER_BYTES = 64 * 1024;
/** Malformed records that are compared with other writings; in a file with more of them nothing explains them. */
const MOST_SUSPECTS = 10_000;

/**
 * Reads a file by the dialect of its beginning, and from its beginning again each time that a record shows another one.
 * If two dialects contradict each other, the one with fewer malformed records holds.
 */
export async function readSettled<T>(
  file: CsvFile,
  choice: CsvChoice,
  read: (reading: Reading) => Promise<T>,
): Promise<Settled<T>> {
  const head = await readHead(file);
  let { dialect, notes } = findDialect(head, choice);
  const tried: Dialect[] = [dialect];
  const refused: Writing['quote'][] = [];
  let isOpen = true;
  for (;;) {
    try {
      const reading = isOpen ? { dialect, suspect: suspectOf(dialect, choice, refused) } : { dialect };
      return { dialect, result: await read(reading), notes };
    } catch (error) {
      if (!(error instanceof MisreadError)) throw error;
      const found = dialectOf(head, error.writing, choice);
      const known = tried.find((other) => isSame(other, error.writing));
      if (known !== undefined) {
        isOpen = false;
        dialect = await leastMalformed(file, tried);
      } else if (await isBetter(file, found.dialect, { dialect, isJoined: error.isJoined })) {
        dialect = found.dialect;
        tried.push(dialect);
      } else {
        refused.push(error.writing.quote);
      }
      notes = [
        ...findDialect(head, choice).notes,
        ...(isSame(dialect, tried[0] as Dialect) ? [] : [described(head, dialect, error.excerpt)]),
      ];
    }
  }
}

function suspectOf(dialect: Dialect, choice: CsvChoice, refused: readonly Writing['quote'][]): Suspect {
  const others = otherWritings(dialect, choice).filter(({ quote }) => !refused.includes(quote));
  const fields = dialect.header.length;
  let suspects = 0;
  return (bytes, { previous, start, end, isLast, isMalformed, isJoined }) => {
    if (suspects === MOST_SUSPECTS) return;
    const isSuspicious = isMalformed || hasEscapedQuote(bytes.subarray(start, end), dialect);
    if (!isSuspicious && !isJoined) return;
    // The record before may be its beginning, and be well formed without this end.
    for (const from of new Set([start, previous])) {
      const record = bytes.subarray(from, Math.min(end, start + EXPLAINED_BYTES));
      const likely = others.filter(
        (writing) =>
          (isSuspicious && isHinted(writing, dialect, record)) ||
          (isJoined && from === start && isWithoutQuotes(writing, dialect, record)),
      );
      if (likely.length === 0) continue;
      suspects += 1;
      const limit = Math.min(bytes.length, from + record.length + FURTHER_BYTES);
      const text = {
        bytes: bytes.subarray(from, limit),
        length: record.length,
        isLast: isLast && limit === bytes.length,
      };
      const writing = likely.find((other) => explains(other, fields, text));
      if (writing !== undefined) throw new MisreadError(writing, firstLineOf(record), isJoined);
    }
  };
}

/** Returns the other ways in which the file may be written by the declaration, the likeliest first. */
function otherWritings(dialect: Dialect, choice: CsvChoice): readonly Writing[] {
  const { delimiter, lineEnd } = dialect;
  const quotes = choice.quote === undefined ? ['"', "'", null] : [choice.quote];
  const escapes = choice.escape === undefined ? [null, '\\'] : [escapesOf(choice).escaping];
  const all = quotes.flatMap((quote) =>
    escapes.flatMap((escaping) =>
      (['quotes', 'fields'] as const).map((escapesIn) => ({ delimiter, quote, escaping, escapesIn, lineEnd })),
    ),
  );
  const isPossible = ({ quote, escaping, escapesIn }: Writing) =>
    escaping === null ? escapesIn === (quote === null ? 'fields' : 'quotes') : quote !== null || escapesIn === 'fields';
  const rank = ({ quote }: Writing) => (quote === dialect.quote ? 0 : 1);
  return all
    .filter((writing) => isPossible(writing) && !isSame(writing, dialect))
    .sort((one, other) => rank(one) - rank(other));
}

/** Whether a record has the character that another writing reads otherwise. */
function isHinted(other: Writing, dialect: Dialect, record: Buffer): boolean {
  if (other.quote === null && dialect.quote === null) return record.includes(other.escaping ?? '');
  if (other.quote === null)
    // Tables without quotes have other delimiters than commas.
    return !',;'.includes(dialect.delimiter) && other.escaping === dialect.escaping && hasFreeQuote(dialect, record);
  const isQuoteHinted = other.quote === dialect.quote || dialect.quote === null || record.includes(other.quote);
  const isEscapeHinted = other.escaping === null || record.includes(other.escaping);
  return isQuoteHinted && isEscapeHinted;
}

/** Whether a writing reads quotes as ordinary characters, and a record has the escapes that it reads otherwise. */
function isWithoutQuotes(other: Writing, dialect: Dialect, record: Buffer): boolean {
  if (other.quote !== null || dialect.quote === null) return false;
  return other.escaping === dialect.escaping || (other.escaping !== null && record.includes(other.escaping));
}

/**
 * Whether a well-formed record has a quote after a backslash in a field without quotes. Writers that double quotes put
 * such a field in quotes. Tables with other delimiters than commas may have quotes as ordinary characters.
 */
function hasEscapedQuote(record: Buffer, { delimiter, escaping, quote }: Dialect): boolean {
  return escaping === null && quote !== null && ',;'.includes(delimiter) && record.includes(`\\${quote}`);
}

/** Whether the first line of a record begins a field with a quote that does not end it. */
function hasFreeQuote(dialect: Dialect, record: Buffer): boolean {
  const line = record.subarray(0, record.indexOf('\n') + 1 || record.length);
  const [fault] = blockScanner(dialect, { fields: dialect.header.length })(line, 0, true).faults.values();
  return fault?.kind === 'malformed' && (fault.reason === 'quote_misplaced' || fault.reason === 'quote_not_closed');
}

function firstLineOf(record: Buffer): string {
  return (
    record
      .toString('utf8', 0, 256)
      .slice(0, 64)
      .split(/[\r\n]/)[0] ?? ''
  );
}

function isSame(one: Writing, other: Writing): boolean {
  return one.quote === other.quote && one.escaping === other.escaping && one.escapesIn === other.escapesIn;
}

function described({ name }: Head, { quote, escaping }: Dialect, excerpt: string): string {
  const escapes = escaping === null ? '' : ' and backslash escapes';
  const quotes = quote === null ? 'quotes as ordinary characters' : quote === "'" ? 'single quotes' : 'double quotes';
  return `${name}: read with ${quotes}${escapes}, by which ${JSON.stringify(excerpt)} is a record like the others`;
}
