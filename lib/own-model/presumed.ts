/** Inputs as an encoder would have them, before there is a log to fit one to: their columns follow from the declaration. */
import type { Declaration } from '../config/declaration.ts';
import type { InputSpec, TableSpec } from '../table/encoded.ts';
import { featureKind } from '../table/kinds/index.ts';

const STATISTICS = { mean: 0, deviation: 1, boundaries: [0] };
/** Rows of every table, of which the rows for missing and unknown values are a part. */
const ROWS = 4;

/** Returns inputs and tables of a declaration. The tables are small: their size changes no layer. */
export function presumedInputs({ features, embeddings }: Pick<Declaration, 'features' | 'embeddings'>): {
  readonly inputs: readonly InputSpec[];
  readonly tables: readonly TableSpec[];
} {
  return {
    inputs: features.map((feature) => featureKind(feature).input(feature, STATISTICS)),
    tables: embeddings.map(({ name, dimension }) => ({ name, dimension, rows: ROWS })),
  };
}
