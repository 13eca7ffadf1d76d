/** The columns of a candidate file that scoring reads. */
import type { Declaration } from '../../config/declaration.ts';
import { candidateColumns, scoringColumns } from '../check/required-columns.ts';
import { type FileColumn, findColumn } from '../columns.ts';
import type { Encoder } from '../encoder.ts';

/**
 * Returns the names, as the file has them, of the columns that scoring reads: keys, entities, features, columns that rows
 * are scored and ranked by, and columns that are copied to the scores. Without a declaration and an encoder these are all columns.
 */
export function neededColumns(
  file: { readonly columns: readonly FileColumn[]; readonly name: string },
  declaration: Pick<Declaration, 'log' | 'scoring' | 'entities'> | undefined,
  encoder: Pick<Encoder, 'features'> | undefined,
): string[] {
  const names = file.columns.map(({ name }) => name);
  if (declaration === undefined || encoder === undefined || declaration.scoring.columns === 'all') return names;
  const keys = declaration.entities.map(({ key }) => key);
  const asked = [...candidateColumns(declaration, encoder.features), ...keys, ...scoringColumns(declaration)];
  const read = new Set(asked.map((name) => findColumn(file, name)?.name));
  return names.filter((name) => read.has(name));
}
