/** The model of the paper's shape, 20 fields of 50,000 ids and 18 dimensions, towers of 200 and 80 units, and batches for it. */
import type { ModelChoice } from '../lib/config/declaration.ts';
import type { Batch } from '../lib/engine/engine.ts';
import { type Model, modelOf } from '../lib/model/model.ts';
import { stageGraph } from '../lib/model/stage-graph.ts';
import { randomStream } from '../lib/numbers/random.ts';
import type { InputSpec, TableSpec } from '../lib/table/encoded.ts';
import { FIELDS, IDS, syntheticDeclaration } from './synthetic.ts';

/** The item's own id, with which a sequence of the user shares its table. */
const ITEM = `f${FIELDS / 2}`;
const SEQUENCE = { name: 'history', entity: 'user', table: ITEM, length: 20 } as const;
const ATTENTION = { kind: 'attention', to: ITEM, units: [36], positions: true } as const;

/** The sequences that a user may have, of 20 items. */
export const SEQUENCES: Readonly<Record<string, InputSpec>> = {
  mean: { ...SEQUENCE, kind: 'bag', combiner: 'mean' },
  attention: { ...SEQUENCE, kind: 'sequence', pooling: ATTENTION },
  lstm: { ...SEQUENCE, kind: 'sequence', pooling: { ...ATTENTION, kind: 'lstm', to: null, positions: false } },
  'target-lstm': { ...SEQUENCE, kind: 'sequence', pooling: { ...ATTENTION, kind: 'lstm', positions: false } },
};

/** Returns the model, half of whose fields are the user's, with a sequence or without. */
export function paperModel(choice: Partial<ModelChoice> = {}, sequence: InputSpec | null = null): Model {
  const fields = Array.from({ length: FIELDS }, (_, field): InputSpec => {
    return { kind: 'id', name: `f${field}`, entity: field < FIELDS / 2 ? 'user' : 'item', table: `f${field}` };
  });
  const tables = fields.map(({ name }): TableSpec => ({ name, dimension: 18, rows: IDS / FIELDS }));
  const inputs = sequence === null ? fields : [...fields, sequence];
  const declaration = syntheticDeclaration();
  return modelOf(stageGraph(declaration), { ...declaration.model, ...choice }, inputs, tables);
}

/** How many rows a batch has, and how many of them share the fields of a user; with 1, no row shares any. */
export interface BatchSize {
  readonly rows: number;
  readonly rowsOfUser: number;
}

/** Returns rows whose ids are as frequent as the inverse of their rank, and labels of which some 4% and 1% are 1. */
export function zipfBatch(model: Model, index: number, { rows, rowsOfUser }: BatchSize): Batch {
  const users = Math.ceil(rows / rowsOfUser);
  const stream = (name: string) => randomStream(1, `${name}/${index}`);
  const ids = model.layout.fields.map(({ input }) => {
    const random = stream(input.name);
    const permuted = 7919;
    return [
      input.name,
      Int32Array.from({ length: (input.entity === 'user' ? users : rows) * itemsOf(input) }, (_, row) => {
        const rank = Math.floor((IDS / FIELDS) ** random.uniform(row)) - 1;
        return (rank * permuted) % (IDS / FIELDS);
      }),
    ];
  });
  const labels = (name: string, rate: number) => {
    const random = stream(name);
    return Float32Array.from({ length: rows }, (_, row) => Number(random.uniform(row) < rate));
  };
  const sharedRows = Int32Array.from({ length: rows }, (_, row) => Math.floor(row / rowsOfUser));
  return {
    rows,
    ...(rowsOfUser > 1 && { shared: { entity: 'user', distinct: users, rows: sharedRows } }),
    ids: Object.fromEntries(ids),
    coefficients: Object.fromEntries(
      model.layout.fields
        .filter(({ input }) => itemsOf(input) > 1)
        .map(({ input }) => {
          const each = input.kind === 'bag' ? 1 / itemsOf(input) : 1;
          return [input.name, new Float32Array(users * itemsOf(input)).fill(each)];
        }),
    ),
    numbers: {},
    labels: { click: labels('click', 0.04), conversion: labels('conversion', 0.01) },
    weights: { click: new Float32Array(rows).fill(1 / rows), conversion: new Float32Array(rows).fill(1 / rows) },
  };
}

function itemsOf(input: InputSpec): number {
  return 'length' in input ? input.length : 1;
}
