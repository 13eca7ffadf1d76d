/** Finds the ids of a log's users, items and sessions, and what could identify and order its rows. */

import { countOf } from '../../numbers/text.ts';
import type { ColumnFacts } from '../../table/profile/column-facts.ts';
import type { Choices, ChosenColumn, Doubt, LogProfile } from '../draft.ts';
import { type IdRole, idRole, isPosition, namedKind, timeRank } from '../names.ts';

/** The columns that identify the user, the item and the session of a row. */
export type Ids = Readonly<Record<Exclude<IdRole, 'row'>, ColumnFacts | null>>;

/** Values that an id has at least, so that its name counts. */
const FEWEST_IDS = 10;
/** Rows of a value that make a group of it. */
const ROWS_OF_GROUP = 1.2;
/** Columns of which combinations are tried as keys. */
const MOST_IN_COMBINATIONS = 7;
/** Epoch milliseconds of 2000 and 2040: a number outside is no time. */
const [EARLIEST, LATEST] = [Date.UTC(2000, 0), Date.UTC(2040, 0)];
/** Share of the values that must be instants. */
const TIMES = 0.99;
/** Characters of a text that could be an id. */
const LONGEST_ID = 64;

/** Whether a column could identify something: whole numbers or short texts, many of them. */
export function isIdLike({ kind, numbers, present, longest, distinct, times }: ColumnFacts): boolean {
  if (kind === 'list' || kind === 'boolean' || distinct < FEWEST_IDS || longest > LONGEST_ID) return false;
  if (kind === 'time' || (times !== null && numbers === null)) return false;
  return numbers === null || numbers.count < present || numbers.whole === present;
}

/** Returns the ids of users, items and sessions: of several, that with the first noun and the most values. */
export function guessIds(columns: readonly ColumnFacts[]): Ids {
  const of = (role: IdRole) =>
    columns
      .filter((column) => idRole(column.name) === role && isIdLike(column))
      .toSorted((a, b) => b.distinct - a.distinct)[0] ?? null;
  return { user: of('user'), item: of('item'), session: of('session') };
}

/** Whether most values of a column are instants of this century, as far as its type and name make it a time. */
export function isTime({ name, kind, present, times, numbers }: ColumnFacts): boolean {
  if (times === null || times.count < TIMES * present || present === 0) return false;
  if (kind === 'time') return true;
  if (times.first < EARLIEST || times.last > LATEST) return false;
  // 20260501 may be a number like any other, and so may 1700000000: a name must say that it is a time.
  return numbers === null || numbers.count < present || (timeRank(name) > 0 && times.last > times.first);
}

/** Guesses the time of the rows; the doubt is about several that it could be. */
export function guessTime(
  columns: readonly ColumnFacts[],
  rows: number,
  isOfRow: (column: ColumnFacts) => boolean,
  choices: Choices,
): { readonly time: ChosenColumn | null; readonly doubts: readonly Doubt[] } {
  if (choices.time !== null) return { time: { column: choices.time, why: 'named by --time' }, doubts: [] };
  const found = columns
    .filter((column) => isTime(column) && column.present === rows && column.distinct > 1 && isOfRow(column))
    .filter(({ name, kind }) => timeRank(name) >= 0 || kind !== 'integer')
    .toSorted((a, b) => timeRank(b.name) - timeRank(a.name) || b.distinct - a.distinct);
  const [best, second] = found;
  if (best?.times == null) return { time: null, doubts: [] };
  const time = { column: best.name, why: `from ${dayOf(best.times.first)} to ${dayOf(best.times.last)}` };
  const isSure =
    second === undefined || timeRank(best.name) > timeRank(second.name) || best.distinct > 2 * second.distinct;
  const others = found.slice(1).map(({ name }) => name);
  return {
    time,
    doubts: isSure
      ? []
      : [{ about: 'time', question: 'which column is the time of the row?', guess: best.name, others }],
  };
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** Guesses which rows belong together: those of a user, else those of a session. */
export function guessGroup({ user, session }: Ids, rows: number, choices: Choices): ChosenColumn | null {
  if (choices.group !== null) return { column: choices.group, why: 'named by --group' };
  const group = [user, session].find((id) => id !== null && rows / id.distinct >= ROWS_OF_GROUP);
  return group == null
    ? null
    : {
        column: group.name,
        why: `${countOf(group.distinct, 'value')}, ${(rows / group.distinct).toFixed(1)} rows each`,
      };
}

/** Returns the columns that identify a row by themselves, the most plausible first. */
export function uniqueColumns(
  { columns, rows }: LogProfile,
  isKnownBefore: (column: ColumnFacts) => boolean,
): ColumnFacts[] {
  return columns
    .filter((column) => column.distinct === rows && column.present === rows && isKnownBefore(column))
    .filter((column) => isIdLike(column) && !isTime(column) && !isOutputName(column.name))
    .filter((column) => namedKind(column.name) !== 'number' || idRole(column.name) !== null)
    .toSorted((a, b) => keyRank(b.name) - keyRank(a.name));
}

function keyRank(name: string): number {
  const role = idRole(name);
  if (role === 'row') return 3;
  return role === 'session' ? 2 : namedKind(name) === 'category' ? 1 : 0;
}

/** Names of the scores' probabilities, which no key may have. */
function isOutputName(name: string): boolean {
  return /^(pctr|pcvr|pctcvr|p_.*)$/i.test(name);
}

/** Returns combinations of columns that may identify a row, in the order in which they are tried: pairs, then triples. */
export function keyCombinations(
  { columns, rows }: LogProfile,
  ids: Ids,
  time: string | null,
  isKnownBefore: (column: ColumnFacts) => boolean,
): ColumnFacts[][] {
  const usable = columns.filter(
    (column) => isKnownBefore(column) && column.kind !== 'list' && !isOutputName(column.name),
  );
  const main = [ids.session, ids.user, ids.item].flatMap((id) => (id !== null && usable.includes(id) ? [id] : []));
  const others = usable
    .filter(
      (column) => !main.includes(column) && (column.name === time || isPosition(column.name) || isNamedId(column)),
    )
    .toSorted((a, b) => Number(b.name === time) - Number(a.name === time) || b.distinct - a.distinct);
  const pool = [...main, ...others].slice(0, MOST_IN_COMBINATIONS);
  const pairs = pool.flatMap((a, i) => pool.slice(i + 1).map((b) => [a, b]));
  const triples = pool.flatMap((a, i) =>
    pool.slice(i + 1).flatMap((b, j) => pool.slice(i + j + 2).map((c) => [a, b, c])),
  );
  return [...pairs, ...triples].filter((combination) => product(combination) >= rows);
}

function isNamedId(column: ColumnFacts): boolean {
  return isIdLike(column) && (idRole(column.name) !== null || namedKind(column.name) === 'category');
}

function product(columns: readonly ColumnFacts[]): number {
  return columns.reduce((value, { distinct }) => value * distinct, 1);
}
