/**
 * Where the values of each feature come from, for rows that have the same columns: from the row, from what the request
 * says once for all its rows, from a feature table, or from a constant of the declaration; and where the numbers are
 * that scores are computed from.
 */
import type { Feature } from '../../config/declaration.ts';
import { type FileColumn, findColumn } from '../columns.ts';
import type { Encoder } from '../encoder.ts';
import { featureColumns } from '../kinds/index.ts';
import type { EntityRows } from './entity-rows.ts';
import { type Fault, faultOf } from './fault.ts';
import type { GroupSource } from './rank-groups.ts';
import { type OperandSource, operandOfTables } from './score-operands.ts';

/** Where a value is: the name that the row or the shared part has it by, the table's column, or nowhere. */
export type ValueSource =
  | { readonly of: 'row' | 'shared'; readonly name: string; readonly column: string; readonly isOptional: boolean }
  | { readonly of: 'table'; readonly table: number; readonly column: string }
  | { readonly of: 'constant' };

/** How a feature of a row is encoded. */
export type FeaturePlan =
  /** From these values. */
  | { readonly by: 'values'; readonly sources: readonly ValueSource[] }
  /** Once for all rows. */
  | { readonly by: 'shared'; readonly sources: readonly ValueSource[] }
  /** As a row of a table was. */
  | { readonly by: 'table'; readonly table: number }
  | { readonly by: 'fault'; readonly fault: Fault };

/** The key of a table that rows need. */
export interface TableKey {
  readonly table: number;
  /** `null` where the rows do not have it. */
  readonly source: Extract<ValueSource, { readonly of: 'row' | 'shared' }> | null;
}

/** How rows are encoded that have the same columns. */
export interface RowPlan {
  readonly features: readonly FeaturePlan[];
  readonly operands: readonly OperandSource[];
  readonly within: readonly GroupSource[];
  readonly keys: readonly TableKey[];
}

/** What plans are made for. */
export interface PlanSite {
  readonly encoder: Pick<Encoder, 'features'>;
  readonly tables: readonly EntityRows[];
  /** The columns that scores are computed from. */
  readonly operands: readonly string[];
  /** The columns within whose values rows are ranked. */
  readonly within: readonly string[];
}

/**
 * Returns the plan of rows with these columns.
 * @throws {DataError} `columns_repeated` if a column is there more than once, in other cases of letters.
 */
export function rowPlan(
  { encoder, tables, operands: scored, within }: PlanSite,
  columns: { readonly row: readonly string[]; readonly shared: readonly string[] },
): RowPlan {
  const find = finder(columns);
  const features = encoder.features.map((feature, index) => featurePlan({ find, tables }, feature, index));
  const operands = scored.map((column) => find(column, false) ?? operandOfTables(tables, column));
  const ofOperands = operands.flatMap((source) => (source.of === 'table' ? source.table : []));
  const used = new Set([...features.flatMap(tablesOf), ...ofOperands]);
  const keys = [...used].map((table): TableKey => {
    const { key } = (tables[table] as EntityRows).entity;
    return { table, source: find(key, false) };
  });
  return { features, operands, within: within.map((column) => ({ column, from: find(column, false) })), keys };
}

type Find = (column: string, isOptional: boolean) => TableKey['source'];

function finder({ row, shared }: { readonly row: readonly string[]; readonly shared: readonly string[] }): Find {
  const [own, common] = [columnsOf(row), columnsOf(shared)];
  return (column, isOptional) => {
    const name = findColumn(own, column)?.name;
    if (name !== undefined) return { of: 'row', name, column, isOptional };
    const sharedName = findColumn(common, column)?.name;
    return sharedName === undefined ? null : { of: 'shared', name: sharedName, column, isOptional };
  };
}

function columnsOf(names: readonly string[]): { readonly columns: readonly FileColumn[]; readonly name: string } {
  return { columns: names.map((name) => ({ name, type: '' })), name: 'the request' };
}

function featurePlan(
  { find, tables }: { readonly find: Find; readonly tables: readonly EntityRows[] },
  feature: Feature,
  index: number,
): FeaturePlan {
  const sources: ValueSource[] = [];
  for (const { column, atScoring } of featureColumns(feature)) {
    const given = find(column, atScoring !== undefined);
    const table = tables.findIndex(({ columns }) => columns.has(column));
    if (given !== null) sources.push(given);
    else if (table !== -1) sources.push({ of: 'table', table, column });
    else if (atScoring !== undefined) sources.push({ of: 'constant' });
    else return { by: 'fault', fault: faultOf('column_missing', column) };
  }
  const kinds = new Set(sources.map(({ of }) => of));
  if (!kinds.has('table')) return { by: kinds.has('row') ? 'values' : 'shared', sources };
  const [first, ...others] = new Set(sources.flatMap((source) => (source.of === 'table' ? source.table : [])));
  const isWhole = !kinds.has('row') && !kinds.has('shared') && others.length === 0;
  if (first !== undefined && isWhole && tables[first]?.features.has(index)) return { by: 'table', table: first };
  if (feature.type === 'cross') return { by: 'values', sources };
  const lacking = sources.find((source) => source.of === 'table');
  const expected = `a value beside those of ${feature.name} that are given: a table gives all of them or none`;
  return { by: 'fault', fault: faultOf('column_missing', lacking?.column ?? null, null, expected) };
}

function tablesOf(plan: FeaturePlan): number[] {
  if (plan.by === 'table') return [plan.table];
  return plan.by === 'values' ? plan.sources.flatMap((source) => (source.of === 'table' ? source.table : [])) : [];
}
