/** Why a file cannot be used, as a code for programs. */
export type DataErrorCode =
  | 'no_such_file'
  | 'unknown_format'
  | 'too_large'
  | 'row_group_too_large'
  | 'empty_file'
  | 'wrong_format'
  | 'cut_off'
  | 'unreadable'
  | 'no_rows'
  | 'columns_differ'
  | 'columns_missing'
  | 'columns_repeated'
  | 'column_types'
  | 'columns_clash'
  | 'quote_not_closed'
  | 'too_many_rejects'
  | 'table_rows'
  | 'truth_not_valid'
  | 'one_class'
  | 'folder_not_empty'
  | 'bundle_not_found'
  | 'bundle_not_valid'
  | 'weights_not_found'
  | 'weights_not_valid'
  | 'weights_do_not_fit';

/** Thrown if a log, a candidate file or a feature table as a whole cannot be used. Trying again does not help. */
export class DataError extends Error {
  override readonly name = 'DataError';
  constructor(
    readonly code: DataErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Thrown if an encoder does not encode values as was recorded when it was written. */
export class EncoderMismatchError extends Error {
  override readonly name = 'EncoderMismatchError';
  constructor(
    readonly feature: string,
    readonly value: string,
    readonly got: string,
    readonly expected: string,
    folder: string,
  ) {
    super(
      `encoder differs from its probe: feature ${feature}, value ${value}: got ${got}, expected ${expected} (in ${folder})`,
    );
  }
}

/** Whether an error, of the operating system or of a library that quotes it, says that a disk or a quota is full. */
export function isFullDisk(error: unknown): error is Error {
  return error instanceof Error && /no space left|disk quota exceeded|file too large/i.test(error.message);
}

/** Returns the first line of an error's message. DuckDB's messages go on with advice that does not apply here. */
export function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0] ?? '';
}

/** DuckDB's kinds of errors that another try may mend: want of memory, disk or network, or an interruption. */
const OF_MACHINE = /^(?:Out of Memory|Interrupt|HTTP|Connection|Network|FATAL) Error: /;
/** DuckDB's errors of input and output that come from the file's content: it names bytes that are not there. */
const OF_CONTENT = /^IO Error: .*(?:attempted to read|read enough bytes|read all bytes|past the end|corrupt)/is;

/** Returns what DuckDB says is wrong with the content of a file; `null` for any other error. */
function complaintOf(error: unknown): string | null {
  const message = error instanceof Error ? error.message : '';
  const [, kind, text] = /^([A-Z][A-Za-z ]*) Error: (.*)$/s.exec(message) ?? [];
  if (kind === undefined || text === undefined || OF_MACHINE.test(message)) return null;
  if (text.includes('could not convert blob to UTF8'))
    return 'a column of bytes has some that are not text in UTF-8: write it as text, such as hexadecimal';
  return kind === 'IO' && !OF_CONTENT.test(message) ? null : firstLine(text);
}

/** Whether a database cannot be used any more: DuckDB gives up one in which an internal error has happened. */
export function hasInvalidatedDatabase(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /^(?:INTERNAL|FATAL) Error: /.test(error.message) || hasInvalidatedDatabase(error.cause);
}

/**
 * Runs work that reads a file, and turns DuckDB's errors about the content of the file into a `DataError`: a page that
 * cannot be decompressed stays so when the work is retried. Errors of the machine, such as want of memory or disk, are
 * thrown as they are. `name` is the file's, for messages.
 */
export async function asDataError<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const complaint = complaintOf(error);
    if (complaint === null) throw error;
    throw new DataError('unreadable', `${name} cannot be read: ${complaint}`, { cause: error });
  }
}
