/** Finds the columns that identify the rows of a log. */
import { count, percent } from '../numbers/text.ts';
import type { Database } from '../table/database.ts';
import type { ColumnFacts } from '../table/profile/column-facts.ts';
import { distinctCombinations } from '../table/profile/relations.ts';
import type { Choices, Draft } from './draft.ts';
import { keyCombinations, uniqueColumns } from './guess/ids.ts';
import type { MeasuredLog } from './measure-log.ts';

/** Columns that keys are made of where no plausible ones are unique. */
const [MOST_KEYS, MOST_TRIED] = [6, 16];
/** Share of the rows from which a combination is taken, though some repeat. */
const NEARLY = 0.999;

/** Returns the keys and the reason: one unique column, a unique combination of ids, or what tells most rows apart. */
export async function findKeys(
  database: Database,
  { profile, sample, ids }: MeasuredLog,
  draft: Draft,
  choices: Choices,
): Promise<Pick<Draft, 'keys' | 'keysWhy'>> {
  const { rows, columns } = profile;
  const after = new Set([...draft.stages.map(({ label }) => label), ...draft.outcomes.map(({ column }) => column)]);
  const isKnownBefore = ({ name, isInPath }: ColumnFacts) => !after.has(name) && !isInPath;
  const place = rows === profile.logRows ? `${count(rows)} rows` : `a sample of ${count(rows)} rows`;
  if (choices.keys.length > 0) return { keys: choices.keys, keysWhy: 'named by --key' };
  const [unique] = uniqueColumns(profile, isKnownBefore);
  if (unique !== undefined) return { keys: [unique.name], keysWhy: `unique in ${place}` };
  let best: { readonly columns: readonly ColumnFacts[]; readonly distinct: number } | null = null;
  for (const combination of keyCombinations(profile, ids, draft.time?.column ?? null, isKnownBefore)) {
    const [distinct = 0] = await distinctCombinations(database, sample, [combination]);
    if (best === null || distinct > best.distinct) best = { columns: combination, distinct };
    if (distinct === rows) break;
  }
  if (best === null || best.distinct < NEARLY * rows) {
    const usable = columns.filter((column) => isKnownBefore(column) && column.kind !== 'list' && column.distinct > 1);
    const grown = await growKeys(database, sample, usable, rows);
    if (best === null || grown.distinct > best.distinct) best = grown;
  }
  const keys = best.columns.map(({ name }) => name);
  const why =
    best.distinct === rows
      ? `together unique in ${place}`
      : `no column or combination is unique: ${percent(1 - best.distinct / rows)} of ${place} repeat these; scores keep the order of the rows`;
  return { keys, keysWhy: why };
}

/** Adds the column that tells most more rows apart, one after the other. */
async function growKeys(
  database: Database,
  sample: MeasuredLog['sample'],
  usable: readonly ColumnFacts[],
  rows: number,
): Promise<{ readonly columns: readonly ColumnFacts[]; readonly distinct: number }> {
  const pool = usable
    .filter(({ name }) => !/^(pctr|pcvr|pctcvr|p_.*)$/i.test(name))
    .toSorted((a, b) => b.distinct - a.distinct)
    .slice(0, MOST_TRIED);
  let chosen: readonly ColumnFacts[] = [];
  let distinct = 0;
  while (chosen.length < MOST_KEYS && distinct < rows) {
    const others = pool.filter((column) => !chosen.includes(column));
    const counts = await distinctCombinations(
      database,
      sample,
      others.map((column) => [...chosen, column]),
    );
    const most = Math.max(0, ...counts);
    const next = others[counts.indexOf(most)];
    if (next === undefined || most <= distinct) break;
    chosen = [...chosen, next];
    distinct = most;
  }
  return { columns: chosen, distinct };
}
