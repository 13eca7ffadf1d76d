/** The constants of a declaration that replace missing values, as `readOrConstant` of files reads them. */

import type { TextRules } from '../../columns.ts';
import type { Database } from '../../database.ts';
import { RequestTexts } from '../request-texts.ts';
import { TextReader } from '../text-reader.ts';

/** How the texts of constants are read. */
export interface Constants {
  /** Those that replace missing values at scoring. */
  readonly atScoring: RequestTexts;
  /** Those that replace missing values everywhere: no text of them is a missing value. */
  readonly missing: RequestTexts;
}

/** The constants of a column. */
export interface ColumnConstants {
  readonly atScoring?: string | number | null | undefined;
  readonly missing?: string | number | undefined;
}

/** Returns what replaces a missing value; `null` if nothing does. `read` returns `null` for a constant that is missing. */
export function replacement<Read>(
  { atScoring, missing }: ColumnConstants,
  constants: Constants,
  read: (text: string, texts: RequestTexts) => Read | null,
): Read | null {
  const own = atScoring == null ? null : read(String(atScoring), constants.atScoring);
  return own ?? (missing === undefined ? null : read(String(missing), constants.missing));
}

/** Returns what `bind` makes of the constants, once their texts are known. */
export async function withConstants<Bound>(
  database: Database,
  rules: TextRules,
  bind: (constants: Constants) => Bound,
): Promise<Bound> {
  const atScoring = await TextReader.open(database, { ...rules, decimal: '.' }, true);
  const missing = await TextReader.open(database, { nullValues: [], decimal: '.' }, true);
  const constants = { atScoring: new RequestTexts(atScoring), missing: new RequestTexts(missing) };
  let bound = bind(constants);
  while (!(constants.atScoring.isComplete && constants.missing.isComplete)) {
    await constants.atScoring.learn();
    await constants.missing.learn();
    bound = bind(constants);
  }
  atScoring.close();
  missing.close();
  return bound;
}
