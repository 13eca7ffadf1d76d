/** Columns of the fields for the rows of one file of the log. */
import type { FilledColumn } from '../../table/append-columns.ts';
import { FIELDS } from './fields.ts';

/** Where a row has no feature of a category's field. */
export const NO_ID = -1;

type Bag = readonly number[] | null;
type Values =
  | { readonly kind: 'category'; readonly ids: Int32Array; readonly weights: Float32Array }
  | { readonly kind: 'bag'; readonly ids: Bag[]; readonly weights: Bag[] };

/** Columns of up to `room` rows. A field that no row has takes no memory, and has no column. */
export class FieldColumns {
  readonly #room: number;
  readonly #values: (Values | undefined)[] = FIELDS.map(() => undefined);

  constructor(room: number) {
    this.#room = room;
  }

  set(row: number, field: number, ids: Int32Array, weights: Float32Array): void {
    const values = this.#values[field] ?? this.#begin(field);
    if (values.kind === 'category') {
      values.ids[row] = ids[0] as number;
      values.weights[row] = weights[0] as number;
      return;
    }
    values.ids[row] = Array.from(ids);
    if (FIELDS[field]?.weights != null) values.weights[row] = Array.from(weights);
  }

  /** The columns of the fields that occur, by the names of `FIELDS`. */
  columns(): FilledColumn[] {
    return FIELDS.flatMap(({ name, weights }, field): FilledColumn[] => {
      const values = this.#values[field];
      if (values === undefined) return [];
      const [ids, theirs]: [FilledColumn, FilledColumn] =
        values.kind === 'category'
          ? [
              { name, type: 'INTEGER', values: values.ids },
              { name: `D${name}`, type: 'FLOAT', values: values.weights },
            ]
          : [
              { name, type: 'INTEGER[]', values: values.ids },
              { name: `D${name}`, type: 'FLOAT[]', values: values.weights },
            ];
      return weights === null ? [ids] : [ids, theirs];
    });
  }

  #begin(field: number): Values {
    const room = this.#room;
    const begun: Values =
      FIELDS[field]?.kind === 'category'
        ? { kind: 'category', ids: new Int32Array(room).fill(NO_ID), weights: new Float32Array(room) }
        : { kind: 'bag', ids: new Array<Bag>(room).fill(null), weights: new Array<Bag>(room).fill(null) };
    this.#values[field] = begun;
    return begun;
  }
}
