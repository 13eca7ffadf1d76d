/** Which bytes of a Parquet file scoring reads: its footer, and the needed columns of row groups. */
import { byteText } from '../../../numbers/text.ts';
import { DataError } from '../../errors.ts';
import type { ByteRange, CandidateFile } from '../candidate-file.ts';
import { footerLength, type RowGroup } from './file.ts';

/** Bytes of a file that is fetched as a whole: to look for what of it is needed would take longer. */
const SMALL_BYTES = 4 * 2 ** 20;
// Nearly every footer is shorter than this, and is fetched in one request.
const TAIL_BYTES = 2 ** 20;
// A footer is read into memory as a whole. A hundred thousand row groups of a hundred columns have one of this size.
const MAX_FOOTER_BYTES = 2 ** 30;

/**
 * Fetches the footer of a file, which has the positions of everything else.
 * @throws {DataError} if the footer is too long.
 */
export async function fetchFooter(file: CandidateFile): Promise<void> {
  await file.fetch([{ start: Math.max(0, file.size - TAIL_BYTES), end: file.size }]);
  const length = await footerLength(file.path);
  if (length > MAX_FOOTER_BYTES)
    throw new DataError(
      'unreadable',
      `${file.name} has a footer of ${byteText(length)}, expected at most ${byteText(MAX_FOOTER_BYTES)}: write larger row groups`,
    );
  await file.fetch([{ start: file.size - length, end: file.size }]);
}

/** Whether a file is fetched as a whole. */
export function isSmall({ size }: Pick<CandidateFile, 'size'>): boolean {
  return size <= SMALL_BYTES;
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
