/** The parts of an engine's memory. They are plain data, which is sent to the threads that work in it. */
import type { EmbeddedField } from '../../model/embeddings.ts';
import { embeddedKind } from '../../model/kinds/index.ts';
import type { Model } from '../../model/model.ts';
import type { EngineOptions } from '../engine.ts';
import { optimizerOf } from '../optimizers.ts';
import type { Block, MemoryPlan } from './memory-plan.ts';
import { type MemoryTable, planTable } from './memory-table.ts';

/** The blocks of memory that hold a model and one batch. */
export interface MemoryParts {
  readonly parameters: ReadonlyMap<string, ParameterBlocks>;
  readonly tables: ReadonlyMap<string, TableBlocks>;
  readonly fields: readonly FieldBlocks[];
  /** The gathered rows of a batch, [batchSize, embeddedWidth]. */
  readonly embedded: Block;
  /** The gradient of the gathered rows. */
  readonly embeddedGradient: Block;
  /** Number of columns of both. */
  readonly embeddedWidth: number;
  /** Columns of a batch, [batchSize], by name of the input or of the stage. */
  readonly numbers: ReadonlyMap<string, Block>;
  readonly labels: ReadonlyMap<string, Block>;
  readonly weights: ReadonlyMap<string, Block>;
  /** Dropout masks, [batchSize, units]; none where nothing is dropped. */
  readonly masks: readonly MaskBlock[];
  /** Where each thread adds up the gradients of one table after the other. */
  readonly members: readonly SumBlocks[];
  /** Where the threads wait for each other: see `Barrier`. */
  readonly barrier: Block;
  /** An int32 that is always 0: the id of a dense parameter's only row. */
  readonly zero: Block;
}

/** A dense parameter, and its gradients, one of `table.dimension` floats from each thread. */
export interface ParameterBlocks {
  readonly shape: readonly number[];
  readonly table: MemoryTable;
  readonly gradients: Block;
}

/** An embedding table, and a byte for each row: 1 if a training step has updated it, else 0. */
export interface TableBlocks {
  readonly table: MemoryTable;
  readonly touched: Block;
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

/** A dropout mask. */
export interface MaskBlock {
  readonly name: string;
  readonly units: number;
  readonly block: Block;
}

/** Gradients that one thread adds up by id. */
export interface SumBlocks {
  /** The hash table of `scatter`, 2^slotBits int32. */
  readonly slots: Block;
  readonly slotBits: number;
  /** The ids that the batch touches. */
  readonly distinct: Block;
  /** The sums of their gradients, as many floats each as the table has dimensions. */
  readonly sums: Block;
}

/** The options that the size of a memory depends on. */
export type PlanOptions = Pick<EngineOptions, 'batchSize' | 'optimizer' | 'threads' | 'dropout'>;

/** Plans the blocks of a model's parameters and tables, with the optimizer's state, and of one batch. */
export function planParts(
  plan: MemoryPlan,
  { embeddings, network, layout, graph }: Model,
  { batchSize, optimizer, threads, dropout }: PlanOptions,
): MemoryParts {
  const { dense, sparse } = optimizerOf(optimizer);
  const columns = (named: readonly { readonly name: string }[]) =>
    new Map(named.map(({ name }) => [name, plan.reserve(batchSize)]));
  return {
    barrier: plan.reserve(2),
    zero: plan.reserve(1),
    parameters: new Map(
      network.parameters.map(({ name, shape }) => {
        const dimension = shape.reduce((a, b) => a * b, 1);
        const table = planTable(plan, { rows: 1, dimension, state: dense.state });
        return [name, { shape, table, gradients: plan.reserve(threads * dimension) }];
      }),
    ),
    tables: new Map(
      embeddings.tables.map(({ name, rows, dimension }) => {
        const table = planTable(plan, { rows, dimension, state: sparse.state });
        return [name, { table, touched: plan.reserve(Math.ceil(rows / 4)) }];
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
    embeddedWidth: embeddings.width,
    numbers: columns(layout.numbers),
    labels: columns(graph.labelled),
    weights: columns(graph.labelled),
    masks: (dropout === 0 ? [] : network.masks).map(({ name, units }) => {
      return { name, units, block: plan.reserve(batchSize * units) };
    }),
    members: Array.from({ length: threads }, () => planSums(plan, embeddings, batchSize)),
  };
}

/** Plans the sums of a thread, which are enough even if it has every id of a batch in the largest table. */
export function planSums(
  plan: MemoryPlan,
  { tables, fields }: Pick<Model['embeddings'], 'tables' | 'fields'>,
  batchSize: number,
): SumBlocks {
  const touchable = tables.map(({ name, rows, dimension }) => {
    const ids = fields.filter(({ table }) => table === name).reduce((sum, field) => sum + idsPerRow(field), 0);
    const count = Math.min(rows, batchSize * ids);
    return { count, floats: count * dimension };
  });
  const most = Math.max(1, ...touchable.map(({ count }) => count));
  const slotBits = Math.ceil(Math.log2(2 * most));
  return {
    slots: plan.reserve(2 ** slotBits),
    slotBits,
    distinct: plan.reserve(most),
    sums: plan.reserve(Math.max(1, ...touchable.map(({ floats }) => floats))),
  };
}

function idsPerRow({ input }: EmbeddedField): number {
  return embeddedKind(input).idsPerRow(input);
}
