/** Which bytes of a Parquet file scoring reads: its footer, and the needed columns of row groups. */
import type { Declaration } from '../../config/declaration.ts';
import { byteText } from '../../numbers/text.ts';
import { candidateColumns } from '../check/check-columns.ts';
import type { Column } from '../columns.ts';
import type { Encoder } from '../encoder.ts';
import { DataError } from '../errors.ts';
import type { ByteRange, CandidateFile } from '../source/candidate-file.ts';
import { footerLength, type RowGroup } from '../source/parquet-file.ts';

// Nearly every footer is shorter than this, and is fetched in one request.
const TAIL_BYTES = 2 ** 20;
// A footer is read into memory as a whole. A hundred thousand row groups of a hundred columns have one of this size.
const MAX_FOOTER_BYTES = 2 ** 30;

/**
 * Fetches the footer of a file, which has the positions of everything else.
 * @throws {DataError} if the footer is too long.
 */
export async function fetchFooter(file: CandidateFile): Promise<void> {
  await file.fetch([
    { start: 0, end: 4 },
    { start: Math.max(0, file.size - TAIL_BYTES), end: file.size },
  ]);
  const length = await footerLength(file.path);
  if (length > MAX_FOOTER_BYTES)
    throw new DataError(
      'unreadable',
      `${file.name} has a footer of ${byteText(length)}, expected at most ${byteText(MAX_FOOTER_BYTES)}: write larger row groups`,
    );
  await file.fetch([{ start: file.size - length, end: file.size }]);
}

/**
 * Returns the names of the columns that scoring reads: keys, entities, features, and columns that are copied to the
 * scores. Without a declaration and an encoder these are all columns.
 */
export function neededColumns(
  columns: readonly Column[],
  declaration: Pick<Declaration, 'log' | 'scoring' | 'entities'> | undefined,
  encoder: Pick<Encoder, 'features'> | undefined,
): string[] {
  const names = columns.map(({ name }) => name);
  if (declaration === undefined || encoder === undefined || declaration.scoring.columns === 'all') return names;
  const keys = declaration.entities.map(({ key }) => key);
  const read = new Set([...candidateColumns(declaration, encoder.features), ...keys]);
  return names.filter((name) => read.has(name));
}

/** Returns the byte ranges of the row groups that have any of these rows. */
export function rangesOfRows(
  groups: readonly RowGroup[],
  { firstRow, rows }: { readonly firstRow: number; readonly rows: number },
): ByteRange[] {
  return groups
    .filter((group) => group.firstRow < firstRow + rows && group.firstRow + group.rows > firstRow)
    .flatMap(({ ranges }) => ranges);
}

/** Returns the number of bytes in a row group's ranges. */
export function groupBytes({ ranges }: RowGroup): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0);
}
