/**
 * Ranks the scored rows of a file, whose groups may lie in several parts. The ranks of all rows are found first, from two
 * columns of the parts, by DuckDB, which sorts on disk what does not fit into memory; then they are joined to one part
 * after the other.
 */
import type { Ranking } from '../../config/declaration.ts';
import type { ScoresFormat } from '../../contract/bucket.ts';
import { requiredValue } from '../check/required-columns.ts';
import type { Relation } from '../columns.ts';
import { type Database, execute, identifier, queryOne } from '../database.ts';
import type { CandidateFile } from '../formats/candidate-file.ts';
import { parquetScan, readRowGroups } from '../formats/parquet/file.ts';
import { fetchFooter, isSmall } from '../formats/parquet/row-groups.ts';
import { writePath } from '../paths.ts';
import { canonicalText } from '../values/canonical.ts';
import { joinedTexts } from '../values/joined.ts';
import { copyOptions } from './scores-format.ts';

/** The column with the rank of a row, from 1. */
export const RANK_COLUMN = 'rank';

/** The column of unranked parts with the text of a row's group, which ranked parts lack. */
export const GROUP_COLUMN = '#group';

/** Returns the SQL of the text that rows of a group have in common, by the canonical texts of its columns. */
export function groupSql(relation: Relation, { within }: Pick<Ranking, 'within'>): string {
  const texts = within.map((column) => canonicalText(requiredValue(relation, column)));
  const [only] = texts;
  return only !== undefined && texts.length === 1 ? only : joinedTexts(texts);
}

/**
 * Writes the ranks of all rows to a Parquet file with the columns `part` (position of the part), `row` (position in the
 * part) and `rank`, in the order of the parts; of rows that are not kept there is none. The row with the largest value of
 * `by` has rank 1, and of equal rows the one that comes first in the file.
 */
export async function writeRanks(
  database: Database,
  parts: readonly CandidateFile[],
  { by, within, top }: Ranking,
  path: string,
): Promise<void> {
  const grouped = within.length > 0;
  for (const part of parts) await fetchColumns(database, part, grouped ? [by, GROUP_COLUMN] : [by]);
  const from = parquetScan(parts.map((part) => part.path));
  const partition = grouped ? `PARTITION BY ${identifier(GROUP_COLUMN)} ` : '';
  const window = `${partition}ORDER BY ${identifier(by)} DESC, file_index, file_row_number`;
  const ranked = `SELECT file_index AS part, file_row_number AS row, row_number() OVER (${window}) AS rank FROM ${from}`;
  const kept = top === null ? '' : ` WHERE rank <= ${top}`;
  await execute(
    database,
    `COPY (SELECT * FROM (${ranked})${kept} ORDER BY part, row) TO ${writePath(path)} (FORMAT parquet, COMPRESSION snappy)`,
  );
}

/** The part whose ranks are joined to it. */
export interface RankedPartOptions {
  /** The unranked part, all of whose bytes are there. */
  readonly part: CandidateFile;
  /** Its position among the parts. */
  readonly index: number;
  readonly ranking: Ranking;
  /** Path of the file that `writeRanks` wrote. */
  readonly ranks: string;
  readonly path: string;
  readonly format: ScoresFormat;
}

/** Writes the kept rows of a part, in their order, with their ranks as the last column; returns their number. */
export async function writeRankedPart(
  database: Database,
  { part, index, ranking: { within }, ranks, path, format }: RankedPartOptions,
): Promise<number> {
  const own = `SELECT row, rank FROM ${parquetScan([ranks])} WHERE part = ${index}`;
  const columns = within.length > 0 ? `* EXCLUDE (${identifier(GROUP_COLUMN)})` : '*';
  const scored = `(SELECT ${columns}, file_row_number AS "#position" FROM ${parquetScan([part.path])})`;
  const rows = `SELECT scored.* EXCLUDE ("#position"), ranks.rank AS ${RANK_COLUMN} FROM ${scored} scored JOIN (${own}) ranks ON ranks.row = scored."#position" ORDER BY scored."#position"`;
  const { Count: written } = await queryOne(database, `COPY (${rows}) TO ${writePath(path)} (${copyOptions(format)})`);
  return Number(written);
}

async function fetchColumns(database: Database, part: CandidateFile, columns: readonly string[]): Promise<void> {
  if (part.isLocal) return;
  if (isSmall(part)) return part.fetch([{ start: 0, end: part.size }]);
  await fetchFooter(part);
  const groups = await readRowGroups(database, part.path, columns);
  await part.fetch(groups.flatMap(({ ranges }) => ranges));
}
