import type { Weights } from '../../engine/engine.ts';
import type { Model } from '../../model/model.ts';

/** Returns the arrays of a model's weights, all 0. */
export function emptyWeights({ network, embeddings }: Model): Weights {
  const ofShape = (name: string, shape: readonly number[]) =>
    [name, new Float32Array(shape.reduce((a, b) => a * b, 1))] as const;
  return {
    parameters: Object.fromEntries(network.parameters.map(({ name, shape }) => ofShape(name, shape))),
    tables: Object.fromEntries(embeddings.tables.map(({ name, rows, dimension }) => ofShape(name, [rows, dimension]))),
  };
}
