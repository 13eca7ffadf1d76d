/** Checks that files have the columns that a declaration needs, in types that can be used. */
import type { Declaration, EntityTable, Feature } from '../../config/declaration.ts';
import { nearest } from '../../config/nearest.ts';
import { listed } from '../../numbers/text.ts';
import {
  type ColumnKind,
  columnKind,
  columnValue,
  findColumn,
  itemType,
  NULL_TYPE,
  type Relation,
  type Value,
} from '../columns.ts';
import type { Encoder } from '../encoder.ts';
import { DataError } from '../errors.ts';
import type { FeatureUse } from '../kinds/feature-kind.ts';
import { featureColumns } from '../kinds/index.ts';

/** What a column is read for. */
type Use = 'key' | 'entity' | 'label' | 'time' | 'text' | 'score' | FeatureUse;

interface ColumnUse {
  readonly column: string;
  readonly use: Use;
  /** Whether the column may be absent because a constant can replace it. */
  readonly isOptional: boolean;
}

const SCALARS: readonly ColumnKind[] = ['text', 'boolean', 'integer', 'decimal', 'floating', 'time'];
const NUMBERS: readonly ColumnKind[] = ['integer', 'decimal', 'floating', 'boolean', 'text'];

/** The types that a column may have, and those of the items of a list; by default all of single values. */
interface Accepted {
  readonly kinds: readonly ColumnKind[];
  readonly items?: readonly ColumnKind[];
  readonly expected: string;
}

const ACCEPTED: Readonly<Record<Use, Accepted>> = {
  key: { kinds: [...SCALARS, 'other'], expected: 'a single value' },
  entity: { kinds: ['text', 'integer', 'decimal', 'floating'], expected: 'a number or text' },
  label: { kinds: NUMBERS, expected: '0 or 1' },
  time: {
    kinds: ['time', 'integer', 'decimal', 'floating', 'text'],
    expected: 'a timestamp, a date, a number since 1970 or text',
  },
  number: {
    kinds: NUMBERS,
    expected: 'a number: a time must be turned into one first, such as its age in days or its hour',
  },
  score: { kinds: ['boolean', 'integer', 'decimal', 'floating'], expected: 'a number, for scoring.score' },
  text: { kinds: SCALARS, expected: 'a single value' },
  category: { kinds: SCALARS, expected: 'a single value' },
  list: { kinds: ['list', 'text'], expected: 'a list or text' },
  delimited: { kinds: ['list', 'text'], expected: 'a list or text' },
  vector: { kinds: ['list', 'text'], items: NUMBERS, expected: 'a list of numbers or text' },
};

/**
 * Checks the columns that a log must have: keys, labels, times, group, split, rate kept, weight, segments and
 * features.
 * @throws {DataError} `columns_missing` naming every missing column, or `column_types` naming every unusable one.
 */
export function checkLogColumns(relation: Relation, declaration: Declaration): void {
  check(relation, logUses(declaration), 'log');
}

/** Returns the names of all columns of a log that are read. */
export function logColumns(declaration: Declaration): string[] {
  return [...new Set(logUses(declaration).map(({ column }) => column))];
}

/** Returns the names of the columns of an entity's table that are read. */
export function tableColumnNames({ key }: EntityTable, features: readonly Feature[]): string[] {
  return [...new Set([key, ...features.flatMap(featureColumns).map(({ column }) => column)])];
}

function logUses(declaration: Declaration): ColumnUse[] {
  const { log, split, stages, report } = declaration;
  return [
    ...keyUses(declaration),
    ...required(
      'label',
      stages.flatMap(({ label }) => label ?? []),
    ),
    ...required('time', [...(log.time === null ? [] : [log.time]), ...stages.flatMap(({ at }) => at ?? [])]),
    ...required('text', log.group === null ? [] : [log.group]),
    ...required('text', splitColumns(split)),
    ...required('text', report.segments),
    ...required('number', log.kept === null || typeof log.kept === 'number' ? [] : [log.kept.column]),
    ...required('number', log.weight === null ? [] : [log.weight]),
    ...declaration.features.flatMap((feature) => featureUses(feature, false)),
  ];
}

/**
 * Checks the columns that candidates must have: keys, keys of joined entities, features, and what rows are scored and
 * ranked by. Those with a value for scoring may be absent.
 * @throws {DataError} as `checkLogColumns`.
 */
export function checkCandidateColumns(
  relation: Relation,
  declaration: Pick<Declaration, 'log'> & ScoringColumns,
  features: readonly Feature[],
): void {
  const uses = [
    ...keyUses(declaration),
    ...required(
      'entity',
      (relation.joined ?? []).map(({ key }) => key),
    ),
    ...features.flatMap((feature) => featureUses(feature, true)),
    ...scoringUses(declaration),
  ];
  check(relation, uses, 'candidate');
}

/** What rows are scored and ranked by, if that is declared. */
interface ScoringColumns {
  readonly scoring?: Pick<Declaration['scoring'], 'score' | 'rank'>;
}

/** Returns the names of the columns that rows are scored and ranked by. */
export function scoringColumns(declaration: ScoringColumns): string[] {
  return [...new Set(scoringUses(declaration).map(({ column }) => column))];
}

const NUMERIC: readonly ColumnKind[] = ['boolean', 'integer', 'decimal', 'floating'];

/**
 * Checks that the columns of candidates can hold the values of the log: a time is no number, and a number no time. Text
 * may hold either.
 * @throws {DataError} `column_types` naming every other column with its type and that of the log.
 */
export function checkTrainedKinds(
  relation: Relation,
  { features, columnKinds }: Pick<Encoder, 'features' | 'columnKinds'>,
): void {
  const names = new Set(features.flatMap(featureColumns).map(({ column }) => column));
  const wrong = [...names].flatMap((name) => {
    const [column, trained] = [findColumn(relation, name), columnKinds[name]];
    if (column === undefined || trained === undefined) return [];
    const kind = columnKind(column.type);
    const isOther = (a: ColumnKind, b: ColumnKind) => a === 'time' && NUMERIC.includes(b);
    return isOther(kind, trained) || isOther(trained, kind)
      ? [`${name} is ${column.type}, expected ${trained === 'time' ? 'a time' : 'a number'}, as in training`]
      : [];
  });
  if (wrong.length === 0) return;
  throw new DataError(
    'column_types',
    `candidate columns of a wrong type: ${listed(wrong, '; ')} (in ${relation.name})`,
  );
}

/**
 * Checks the columns that an entity's table must have: its key and the columns of `features`, those that it can
 * provide.
 * @throws {DataError} as `checkLogColumns`.
 */
export function checkTableColumns(relation: Relation, { key }: EntityTable, features: readonly Feature[]): void {
  const uses = [...required('entity', [key]), ...features.flatMap((feature) => featureUses(feature, true))];
  check(relation, uses, 'table');
}

/**
 * Checks that columns of an entity's table that scores are computed from are numbers.
 * @throws {DataError} `column_types`
 */
export function checkScoredColumns(relation: Relation): void {
  check(
    relation,
    required(
      'score',
      relation.columns.map(({ name }) => name),
    ),
    'table',
  );
}

/** Returns the names of all columns of candidates that are read: keys, and features with their weights. */
export function candidateColumns(declaration: Pick<Declaration, 'log'>, features: readonly Feature[]): string[] {
  const columns = [...keyUses(declaration), ...features.flatMap(featureColumns)].map(({ column }) => column);
  return [...new Set(columns)];
}

/**
 * Returns a column as SQL.
 * @throws {DataError} `columns_missing`; the columns should have been checked before.
 */
export function requiredValue(relation: Relation, name: string): Value {
  const column = findColumn(relation, name);
  if (column === undefined) throw new DataError('columns_missing', `columns missing: ${name} (in ${relation.name})`);
  return columnValue(column, relation.texts);
}

/** Returns the columns that a split needs besides the keys and the time, which are needed anyway. */
export function splitColumns(split: Declaration['split']): readonly string[] {
  switch (split.by) {
    case 'time':
      return [];
    case 'column':
      return [split.column];
    case 'hash':
      return split.isDefault ? [] : split.columns;
  }
}

function scoringUses({ scoring }: ScoringColumns): ColumnUse[] {
  return [...required('score', scoring?.score?.columns ?? []), ...required('text', scoring?.rank?.within ?? [])];
}

function keyUses({ log }: Pick<Declaration, 'log'>): ColumnUse[] {
  return required('key', log.keys);
}

function featureUses(feature: Feature, isScoring: boolean): ColumnUse[] {
  return featureColumns(feature).map(({ column, use, atScoring }) => ({
    column,
    use,
    isOptional: isScoring && atScoring !== undefined,
  }));
}

function required(use: Use, columns: readonly string[]): ColumnUse[] {
  return columns.map((column) => ({ column, use, isOptional: false }));
}

function check(relation: Relation, uses: readonly ColumnUse[], subject: 'log' | 'candidate' | 'table'): void {
  const missing = uses.filter(({ column, isOptional }) => !isOptional && findColumn(relation, column) === undefined);
  if (missing.length > 0) {
    const names = [...new Set(missing.map(({ column }) => column))];
    throw new DataError(
      'columns_missing',
      `${subject} columns missing: ${listed(names)} (in ${relation.name})${scoreHint(relation, missing)}`,
    );
  }
  const wrong = uses.flatMap(({ column, use }) => wrongType(relation, column, use));
  if (wrong.length > 0) {
    throw new DataError(
      'column_types',
      `${subject} columns of a wrong type: ${listed([...new Set(wrong)], '; ')} (in ${relation.name})`,
    );
  }
}

/** Says of missing columns that the expression of the scores reads them, with the column that was meant. */
function scoreHint({ columns }: Relation, missing: readonly ColumnUse[]): string {
  return missing
    .filter(({ use }) => use === 'score')
    .map(({ column }) => {
      const names = columns.map(({ name }) => name);
      const meant = nearest(column, names);
      return `: scoring.score reads ${column}${meant === undefined ? '' : `, did you mean ${meant}?`}`;
    })
    .join('');
}

function wrongType(relation: Relation, name: string, use: Use): string[] {
  const column = findColumn(relation, name);
  // A column without any value is missing values, whatever its writer took it for.
  if (column === undefined || column.type === NULL_TYPE) return [];
  const { kinds, items = [...SCALARS, 'list'], expected } = ACCEPTED[use];
  // Every column of a format without types is text, and its rows show whether it has numbers.
  if (use === 'score' && relation.isText && columnKind(column.type) === 'text') return [];
  const isItem = columnKind(column.type) !== 'list' || items.includes(columnKind(itemType(column.type)));
  return kinds.includes(columnKind(column.type)) && isItem && !isNested(column.type)
    ? []
    : [`${name} is ${column.type}, expected ${expected}${remedy(column.type)}`];
}

/** Whether a list has items that are no single values. */
function isNested(type: string): boolean {
  const item = itemType(type);
  return item !== type && ['list', 'other'].includes(columnKind(item));
}

/** Returns what to do about a type that cannot be read. */
function remedy(type: string): string {
  if (isNested(type)) return ': write one list of single values in each row';
  if (columnKind(type) !== 'other') return '';
  if (type.startsWith('STRUCT')) return ': write its fields as columns of their own';
  if (type.startsWith('MAP')) return ': write its keys as a list, and its values as a list of weights';
  return type === 'INTERVAL' ? ': write it as a number of seconds' : ': write it as a number or as text';
}
