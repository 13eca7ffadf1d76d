/** The columns of a scores file. A column that is computed from others is one more entry here. */

import type { Declaration } from '../../config/declaration.ts';
import { listed } from '../../numbers/text.ts';
import { identifier } from '../database.ts';
import { DataError } from '../errors.ts';
import type { CandidatePlan } from './plan.ts';

/** A column of a scores file. */
export interface OutputColumn {
  readonly name: string;
  /** SQL of its value, over `rows` (the rows of the shard) and `scores` (their predictions). */
  readonly sql: string;
}

/**
 * Returns the columns in order: the keys or all columns of the candidates, then the outputs of the model.
 * @throws {DataError} if a copied column has the name of an output, in any case of letters.
 */
export function outputColumns(
  { columns }: Pick<CandidatePlan, 'columns'>,
  { log, scoring }: Pick<Declaration, 'log' | 'scoring'>,
  outputs: readonly string[],
  fileName: string,
): OutputColumn[] {
  const copied = scoring.columns === 'all' ? columns.map(({ name }) => name) : log.keys;
  const taken = new Set(outputs.map((output) => output.toLowerCase()));
  const clashing = copied.filter((column) => taken.has(column.toLowerCase()));
  if (clashing.length > 0)
    throw new DataError(
      'columns_clash',
      `candidate columns have the names of scores: ${listed(clashing)} (in ${fileName})`,
    );
  return [
    ...copied.map((name) => ({ name, sql: `rows.${identifier(name)}` })),
    ...outputs.map((name) => ({ name, sql: `scores.${identifier(name)}` })),
  ];
}
