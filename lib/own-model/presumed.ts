/** Inputs as an encoder would have them, before there is a log to fit one to: their columns follow from the declaration. */
import type { Declaration, Feature } from '../config/declaration.ts';
import type { InputSpec, TableSpec } from '../table/encoded.ts';
import type { FeatureStatistics } from '../table/kinds/feature-kind.ts';
import { featureKind } from '../table/kinds/index.ts';

/** Statistics of a feature of any kind; those of a vector have its length. */
function statisticsOf(feature: Feature): FeatureStatistics {
  const places = (value: number) => Array.from({ length: feature.type === 'vector' ? feature.length : 0 }, () => value);
  return {
    number: { mean: 0, deviation: 1, boundaries: [0] },
    vector: { means: places(0), deviations: places(1) },
  };
}

/** Rows of every table, of which the rows for missing and unknown values are a part. */
const ROWS = 4;

/** Returns inputs and tables of a declaration. The tables are small: their size changes no layer. */
export function presumedInputs({ features, embeddings }: Pick<Declaration, 'features' | 'embeddings'>): {
  readonly inputs: readonly InputSpec[];
  readonly tables: readonly TableSpec[];
} {
  return {
    inputs: features.map((feature) => featureKind(feature).input(feature, statisticsOf(feature))),
    tables: embeddings.map(({ name, dimension }) => ({ name, dimension, rows: ROWS })),
  };
}
