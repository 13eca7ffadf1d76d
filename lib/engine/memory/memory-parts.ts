/** The parts of an engine's memory. */
import type { EmbeddedField } from '../../model/embeddings.ts';
import { embeddedKind } from '../../model/kinds/index.ts';
import type { Model } from '../../model/model.ts';
import type { EngineOptions } from '../engine.ts';
import { optimizerOf } from '../optimizers.ts';
import type { Block, MemoryPlan } from './memory-plan.ts';
import { type MemoryTable, planTable } from './memory-table.ts';

/** The blocks of memory that hold a model and one batch. */
export interface MemoryParts {
  readonly parameters: ReadonlyMap<string, MemoryTable>;
  readonly tables: ReadonlyMap<string, MemoryTable>;
  readonly fields: readonly FieldBlocks[];
  /** The gathered rows of a batch, [batchSize, embeddedWidth]. */
  readonly embedded: Block;
  /** The gradient of the gathered rows. */
  readonly embeddedGradient: Block;
}

/** An embedded field and the blocks that hold its part of a batch. */
export interface FieldBlocks {
  readonly field: EmbeddedField;
  /** Ids per row: 1, or the length of a bag. */
  readonly length: number;
  readonly ids: Block;
  /** Coefficient of each id; `null` where every row has a single id of coefficient 1. */
  readonly coefficients: Block | null;
}

/** Plans the blocks of a model's parameters and tables, with the optimizer's state, and of one batch. */
export function planParts(
  plan: MemoryPlan,
  { embeddings, network }: Pick<Model, 'embeddings' | 'network'>,
  { batchSize, optimizer }: Pick<EngineOptions, 'batchSize' | 'optimizer'>,
): MemoryParts {
  const { dense, sparse } = optimizerOf(optimizer);
  const parameters = network.parameters.map(({ name, shape }) => {
    const dimension = shape.reduce((a, b) => a * b, 1);
    return [name, planTable(plan, { rows: 1, dimension, state: dense.state, touchable: 1 })] as const;
  });
  const idsOf = (table: string) =>
    embeddings.fields
      .filter((field) => field.table === table)
      .reduce((sum, field) => sum + batchSize * idsPerRow(field), 0);
  return {
    parameters: new Map(parameters),
    tables: new Map(
      embeddings.tables.map(({ name, rows, dimension }) => {
        const touchable = Math.min(rows, idsOf(name));
        return [name, planTable(plan, { rows, dimension, state: sparse.state, touchable })];
      }),
    ),
    fields: embeddings.fields.map((field) => {
      const length = idsPerRow(field);
      const ids = plan.reserve(batchSize * length);
      const hasCoefficients = embeddedKind(field.input).hasCoefficients || field.trainedOn !== null;
      return { field, length, ids, coefficients: hasCoefficients ? plan.reserve(batchSize * length) : null };
    }),
    embedded: plan.reserve(batchSize * embeddings.width),
    embeddedGradient: plan.reserve(batchSize * embeddings.width),
  };
}

function idsPerRow({ input }: EmbeddedField): number {
  return embeddedKind(input).idsPerRow(input);
}
