/** Why a file cannot be used; the same words wherever a machine reads them. */
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

/** Thrown where a log or a candidate file as a whole cannot be used: trying again cannot help. */
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

/** Thrown where an encoder does not give the values that were recorded when it was written. */
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

/** The first line of whatever was thrown: DuckDB adds pages of advice. */
export function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0] ?? '';
}

/**
 * Runs work that reads files, and turns DuckDB's complaint about a file's content into a `DataError`: no retry will mend
 * a page that does not decompress.
 */
export async function blamingContent<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const complaint = /^Invalid (?:Input )?Error: (.*\bfile ".*)$/is.exec(error instanceof Error ? error.message : '');
    if (complaint === null) throw error;
    throw new DataError('unreadable', `${name} cannot be read: ${firstLine(complaint[1])}`, { cause: error });
  }
}
