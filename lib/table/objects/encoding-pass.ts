/** One pass over the rows of a request, in which every text that is asked for may or may not be known. */
import { unknownReason } from '../../contract/reject-reasons.ts';
import type { EncodedChunk, InputSpec } from '../encoded.ts';
import type { Encoder } from '../encoder.ts';
import { copyInput, emptyChunk, firstRows } from './encoded-arrays.ts';
import type { EntityRows } from './entity-rows.ts';
import { type Fault, faultOf } from './fault.ts';
import type { FeaturePlan, RowPlan, TableKey, ValueSource } from './feature-plan.ts';
import type { ObjectFeature } from './kinds/object-kind.ts';
import { CanonicalText } from './kinds/one-value.ts';
import { groupOf } from './rank-groups.ts';
import type { RequestTexts } from './request-texts.ts';
import { type OperandSource, operandOf } from './score-operands.ts';
import { canonicalOf, isInexact } from './values.ts';

/** A row: values by column. */
export type ObjectRow = Readonly<Record<string, unknown>>;

/** Encoded rows, and what is wrong with the others. */
export interface EncodedObjects {
  /** The good rows, in order. */
  readonly chunk: EncodedChunk;
  /** Position of each of them among all rows. */
  readonly positions: readonly number[];
  /** The columns that scores are computed from, in their order: a number of each good row, NaN where it is missing. */
  readonly operands: readonly Float64Array[];
  /** The text that rows of a group have in common, of each good row; `null` where no groups are asked for. */
  readonly groups: readonly string[] | null;
  /** What is wrong with the other rows, by their positions. */
  readonly faults: ReadonlyMap<number, Fault>;
}

/** What every pass uses. */
export interface PassSite {
  readonly encoder: Encoder;
  /** The features of the encoder, in order. */
  readonly features: readonly ObjectFeature[];
  readonly tables: readonly EntityRows[];
  /** The columns that scores are computed from. */
  readonly operands: readonly string[];
  /** The columns within whose values rows are ranked. */
  readonly within: readonly string[];
}

/** The rows of a request. */
export interface PassRows {
  readonly rows: readonly ObjectRow[];
  readonly shared: ObjectRow;
  readonly texts: RequestTexts;
  /** Whether the rows are to be ranked within the groups that are declared. */
  readonly isGrouped: boolean;
}

const NUMERIC: ReadonlySet<string | undefined> = new Set(['boolean', 'integer', 'decimal', 'floating']);

export class EncodingPass {
  readonly #site: PassSite;
  readonly #given: PassRows;
  /** The features that are the same in all rows: encoded, and what is wrong with them. */
  readonly #shared: EncodedChunk;
  readonly #sharedFaults = new Map<number, Fault | null>();
  /** The row of each table that belongs to the row that is encoded. */
  readonly #tableRows: number[];

  constructor(site: PassSite, given: PassRows) {
    this.#site = site;
    this.#given = given;
    this.#shared = emptyChunk(site.encoder.inputs, 1);
    this.#tableRows = site.tables.map(({ unknownRow }) => unknownRow);
  }

  /** Encodes the rows, each by its plan. */
  encode(planOf: (row: ObjectRow) => RowPlan): EncodedObjects {
    const { rows, isGrouped } = this.#given;
    const into = emptyChunk(this.#site.encoder.inputs, rows.length);
    const operands = this.#site.operands.map(() => new Float64Array(rows.length));
    const positions: number[] = [];
    const faults = new Map<number, Fault>();
    const groups: string[] = [];
    for (const [position, row] of rows.entries()) {
      const plan = planOf(row);
      const at = positions.length;
      const fault =
        this.#encodeRow(row, plan, into, at) ??
        this.#readOperands(row, plan, operands, at) ??
        (isGrouped ? this.#readGroup(row, plan, groups, at) : null);
      if (fault === null) positions.push(position);
      else faults.set(position, fault);
    }
    const good = operands.map((values) => values.subarray(0, positions.length));
    return {
      chunk: firstRows(into, positions.length),
      positions,
      operands: good,
      groups: isGrouped ? groups.slice(0, positions.length) : null,
      faults,
    };
  }

  #encodeRow(row: ObjectRow, plan: RowPlan, into: EncodedChunk, at: number): Fault | null {
    for (const key of plan.keys) {
      const fault = this.#findEntity(row, key);
      if (fault !== null) return fault;
    }
    for (let index = 0; index < plan.features.length; index++) {
      const fault = this.#encodeFeature(row, index, plan.features[index] as FeaturePlan, into, at);
      if (fault !== null) return fault;
    }
    return null;
  }

  #readOperands(row: ObjectRow, plan: RowPlan, into: readonly Float64Array[], at: number): Fault | null {
    for (const [index, source] of plan.operands.entries()) {
      const number = this.#operand(row, source);
      if (typeof number !== 'number') return number;
      (into[index] as Float64Array)[at] = number;
    }
    return null;
  }

  #readGroup(row: ObjectRow, plan: RowPlan, into: string[], at: number): Fault | null {
    const { texts, shared } = this.#given;
    const group = groupOf(plan.within, { row, shared }, texts);
    if (typeof group !== 'string') return group;
    into[at] = group;
    return null;
  }

  #operand(row: ObjectRow, source: OperandSource): number | Fault {
    switch (source.of) {
      case 'row':
        return operandOf(source.column, row[source.name], this.#given.texts);
      case 'shared':
        return operandOf(source.column, this.#given.shared[source.name], this.#given.texts);
      case 'table': {
        const scored = this.#site.tables[source.table]?.scored.get(source.column);
        const from = this.#tableRows[source.table] as number;
        return scored?.faults.get(from) ?? scored?.values[from] ?? Number.NaN;
      }
      case 'nowhere':
        return source.fault;
    }
  }

  #encodeFeature(row: ObjectRow, index: number, plan: FeaturePlan, into: EncodedChunk, at: number): Fault | null {
    switch (plan.by) {
      case 'fault':
        return plan.fault;
      case 'values':
        return this.#encodeValues(row, index, plan.sources, into, at);
      case 'shared': {
        const known = this.#sharedFaults.get(index);
        const fault = known === undefined ? this.#encodeValues({}, index, plan.sources, this.#shared, 0) : known;
        this.#sharedFaults.set(index, fault);
        if (fault === null) copyInput(this.#input(index), { from: this.#shared, row: 0 }, into, at);
        return fault;
      }
      case 'table': {
        const { encoded, faults } = this.#site.tables[plan.table] as EntityRows;
        const from = this.#tableRows[plan.table] as number;
        copyInput(this.#input(index), { from: encoded, row: from }, into, at);
        return faults.get(index)?.get(from) ?? null;
      }
    }
  }

  #encodeValues(
    row: ObjectRow,
    index: number,
    sources: readonly ValueSource[],
    into: EncodedChunk,
    at: number,
  ): Fault | null {
    const values: unknown[] = [];
    for (const source of sources) {
      const value = this.#value(row, source);
      const fault = source.of === 'row' || source.of === 'shared' ? this.#kindFault(source, value) : null;
      if (fault !== null) return fault;
      values.push(value);
    }
    return (this.#site.features[index] as ObjectFeature).encode(values, this.#given.texts, into, at);
  }

  #value(row: ObjectRow, source: ValueSource): unknown {
    switch (source.of) {
      case 'row':
        return row[source.name];
      case 'shared':
        return this.#given.shared[source.name];
      case 'table': {
        const texts = this.#site.tables[source.table]?.texts.get(source.column);
        return new CanonicalText(texts?.[this.#tableRows[source.table] as number] ?? null);
      }
      case 'constant':
        return undefined;
    }
  }

  /** Returns what is wrong with a value that cannot be one of the log's: a time is no number, and a number no time. */
  #kindFault({ column, isOptional }: Extract<ValueSource, { readonly name: string }>, value: unknown): Fault | null {
    if (value === undefined && !isOptional) return faultOf('column_missing', column);
    const trained = this.#site.encoder.columnKinds[column];
    if (value instanceof Date && NUMERIC.has(trained))
      return faultOf('column_type', column, value, 'a number, as in training');
    const isNumeric = typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';
    if (isNumeric && trained === 'time') return faultOf('column_type', column, value, 'a time, as in training');
    return null;
  }

  /** Finds the row of a table that belongs to the row. */
  #findEntity(row: ObjectRow, { table, source }: TableKey): Fault | null {
    const { entity, place, rowOf, unknownRow } = this.#site.tables[table] as EntityRows;
    const value = source === null ? undefined : this.#value(row, source);
    if (value === undefined) return faultOf('column_missing', entity.key, null, `a key of the table ${place}`);
    if (value !== null && !['string', 'number', 'bigint'].includes(typeof value))
      return faultOf('column_type', entity.key, value, 'a number or text');
    if (isInexact(value)) return faultOf('key_not_exact', entity.key, value);
    const key = canonicalOf(value, this.#given.texts);
    const found = key === null ? undefined : rowOf.get(key);
    this.#tableRows[table] = found ?? unknownRow;
    return found === undefined && entity.missing === 'reject'
      ? faultOf(unknownReason(entity.entity), entity.key, value, `a key of the table ${place}`)
      : null;
  }

  #input(index: number): InputSpec {
    return this.#site.encoder.inputs[index] as InputSpec;
  }
}
