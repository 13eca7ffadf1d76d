/** The file formats. It is a compile-time error to leave out a format of the contract, or a part of one. */
import { DATA_EXTENSIONS_TEXT, type DataFormat, dataFormatOf } from '../../contract/bucket.ts';
import { DataError } from '../errors.ts';
import { type CandidateFile, firstBytes } from './candidate-file.ts';
import { csv } from './csv/csv.ts';
import type { Format } from './format.ts';
import { json } from './json-lines/json-lines.ts';
import { parquet } from './parquet/parquet.ts';

/** The reader of every format. */
export const FORMATS: { readonly [Name in DataFormat]: Format } = { parquet, csv, json };

/**
 * Returns the format of a file by the extension of its name.
 * @throws {DataError} `unknown_format`.
 */
export function formatOf(name: string): DataFormat {
  const format = dataFormatOf(name);
  if (format !== undefined) return format;
  throw new DataError('unknown_format', `${name} has an unknown extension, expected ${DATA_EXTENSIONS_TEXT}`);
}

/**
 * Reads the first bytes of a file, and checks that they are of the format that its name says.
 * @throws {DataError} `empty_file` or `wrong_format`.
 */
export async function readHead(file: CandidateFile, format: DataFormat): Promise<Buffer> {
  if (file.size === 0) throw new DataError('empty_file', `${file.name} is empty: 0 bytes`);
  const head = await firstBytes(file, 4);
  FORMATS[format].assertHead(head, file.name);
  return head;
}
