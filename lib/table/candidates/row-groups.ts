/** The row groups of a Parquet file of candidates, as far as scoring reads them. */
import type { Declaration } from '../../config/declaration.ts';
import { byteText } from '../../numbers/text.ts';
import { candidateColumns } from '../check/check-columns.ts';
import type { Column } from '../columns.ts';
import type { Encoder } from '../encoder.ts';
import { DataError } from '../errors.ts';
import type { ByteRange, CandidateFile } from '../source/candidate-file.ts';
import { footerLength, type RowGroup } from '../source/parquet-file.ts';

// Holds the footer of nearly every file.
const TAIL_BYTES = 2 ** 20;
// A footer is read into memory as a whole: a hundred thousand row groups of a hundred columns.
const MAX_FOOTER_BYTES = 2 ** 30;

/** Fetches the file's footer, which tells where everything else lies. */
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
 * The columns that scoring reads: what is copied to the scores, keys, entities and features. All of them, where
 * declaration and encoder are not given.
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

/** The byte ranges of the row groups that hold any of the rows. */
export function rangesOfRows(
  groups: readonly RowGroup[],
  { firstRow, rows }: { readonly firstRow: number; readonly rows: number },
): ByteRange[] {
  return groups
    .filter((group) => group.firstRow < firstRow + rows && group.firstRow + group.rows > firstRow)
    .flatMap(({ ranges }) => ranges);
}

/** Bytes of a row group's ranges. */
export function groupBytes({ ranges }: RowGroup): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0);
}
