/** The columns of a scores file. */

import type { Declaration } from '../../config/declaration.ts';
import { sameColumn } from '../../config/names.ts';
import { listed } from '../../numbers/text.ts';
import { type Column, findColumn } from '../columns.ts';
import { identifier } from '../database.ts';
import { DataError } from '../errors.ts';
import { columnsOf } from '../path-columns.ts';
import type { CandidatePlan } from './plan.ts';
import { GROUP_COLUMN, RANK_COLUMN } from './rank.ts';
import { SCORE_COLUMN } from './row-scores.ts';

/** A column of a scores file. */
export interface OutputColumn {
  readonly name: string;
  /** SQL of its value, over `rows` (the rows of the shard) and `scores` (their predictions). */
  readonly sql: string;
}

/**
 * Returns the columns in order: the keys or all columns of the candidates, the outputs of the model, and the score.
 * @throws {DataError} if a copied column cannot have its name in the scores: it is that of an output or of another
 * column, in any case of letters, or empty.
 */
export function outputColumns(
  { columns }: Pick<CandidatePlan, 'columns'>,
  { log, scoring }: Pick<Declaration, 'log' | 'scoring'>,
  outputs: readonly string[],
  fileName: string,
): OutputColumn[] {
  const file = { columns: columnsOf(fileName, columns), name: fileName };
  const own = [...outputs, ...(scoring.score === null ? [] : [SCORE_COLUMN])];
  const copied = scoring.columns === 'all' ? file.columns : log.keys.flatMap((key) => keyColumn(file, key));
  assertNames(
    copied.map(({ name }) => name),
    [...own, ...(scoring.rank === null ? [] : [RANK_COLUMN, GROUP_COLUMN])],
    fileName,
  );
  return [
    ...copied.map(({ name, sql }) => ({ name, sql: `rows.${sql}` })),
    ...own.map((name) => ({ name, sql: `scores.${identifier(name)}` })),
  ];
}

/** Returns a key under its declared name; nothing if the file lacks it, which is refused later with all that it lacks. */
function keyColumn(file: { readonly columns: readonly Column[]; readonly name: string }, key: string): Column[] {
  const column = findColumn(file, key);
  return column === undefined ? [] : [{ ...column, name: key }];
}

function assertNames(copied: readonly string[], outputs: readonly string[], fileName: string): void {
  const clashing = copied.filter((column) => outputs.some((output) => sameColumn(output, column)));
  if (clashing.length > 0)
    throw new DataError(
      'columns_clash',
      `candidate columns have the names of scores: ${listed(clashing)} (in ${fileName})`,
    );
  const seen = new Set<string>();
  const repeated = copied.filter((column) => seen.size === seen.add(column.toLowerCase()).size);
  if (repeated.length > 0 || seen.has(''))
    throw new DataError(
      'columns_clash',
      `candidate columns cannot be copied to the scores: ${
        repeated.length > 0 ? `repeated, or different in case only: ${listed(repeated)}` : 'one has no name'
      } (scoring.columns: all, in ${fileName})`,
    );
}
