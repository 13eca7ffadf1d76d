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
  | 'one_class';

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

/** Returns the first line of an error's message. DuckDB's messages go on with advice that does not apply here. */
export function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0] ?? '';
}

/**
 * Runs work that reads a file, and turns DuckDB's errors about the content of the file into a `DataError`: a page that
 * cannot be decompressed stays so when the work is retried. `name` is the file's, for messages.
 */
export async function asDataError<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const complaint = /^Invalid (?:Input )?Error: (.*\bfile ".*)$/is.exec(error instanceof Error ? error.message : '');
    if (complaint === null) throw error;
    throw new DataError('unreadable', `${name} cannot be read: ${firstLine(complaint[1])}`, { cause: error });
  }
}
