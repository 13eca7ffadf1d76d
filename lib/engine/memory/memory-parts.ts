/** The parts of an engine's memory. They are plain data, which is sent to the threads that work in it. */
import type { Entity } from '../../config/declaration.ts';
import { type EmbeddedField, embeddedWidths } from '../../model/embeddings.ts';
import { embeddedKind } from '../../model/kinds/index.ts';
import { type Model, targetsOf } from '../../model/model.ts';
import { sequencesOf } from '../../model/sequences.ts';
import type { EngineOptions } from '../engine.ts';
import { optimizerOf } from '../optimizers.ts';
import { BARRIER_WORDS } from '../step/barrier.ts';
import type { Block, MemoryPlan } from './memory-plan.ts';
import { type MemoryTable, planTable } from './memory-table.ts';

/** Rows of a table beside the memory that a thread copies at once: few enough for the processor's caches. */
const STAGED_ROWS = 256;

/** The blocks of memory that hold a model and one batch. */
export interface MemoryParts {
  readonly parameters: ReadonlyMap<string, ParameterBlocks>;
  readonly tables: ReadonlyMap<string, TableBlocks>;
  /** Where a batch is gathered whose rows have all of their inputs, and one whose rows share those of an entity. */
  readonly layouts: { readonly plain: BatchLayout; readonly shared: BatchLayout | null };
  /** The shared row of each row of the batch, int32. */
  readonly sharedRows: Block;
  /** Names of the numbers and sequences of the entity whose rows may be shared. */
  readonly sharedInputs: ReadonlySet<string>;
  /** What is an item of a sequence, and what is padding, by input. */
  readonly sequences: ReadonlyMap<string, SequenceBlock>;
  /** Untransformed numbers, by input. */
  readonly numbers: ReadonlyMap<string, NumberBlock>;
  /** Columns of a batch, [batchSize], by name of the target. */
  readonly labels: ReadonlyMap<string, Block>;
  readonly weights: ReadonlyMap<string, Block>;
  /** The probabilities of the rows, [batchSize], by output; written by an evaluation alone. */
  readonly probabilities: ReadonlyMap<string, Block>;
  /** Dropout masks, [batchSize, units]; none where nothing is dropped. */
  readonly masks: readonly MaskBlock[];
  /** Where each thread adds up the gradients of one table after the other. */
  readonly members: readonly SumBlocks[];
  /** Where the threads wait for each other: see `Barrier`. */
  readonly barrier: Block;
  /** A word that is always 0: the id of a dense parameter's only row, and how often that occurs. */
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

/** Where the embeddings of a batch stand. */
export interface BatchLayout {
  /** The matrix of the rows, [rows, width]. */
  readonly rows: MatrixBlocks;
  /** The matrix of the shared rows, [distinct, width]; `null` where nothing is shared. */
  readonly shared: MatrixBlocks | null;
  readonly fields: readonly FieldBlocks[];
}

/** A matrix of gathered rows, and its gradient. */
export interface MatrixBlocks {
  readonly embedded: Block;
  readonly gradient: Block;
  /** Number of columns. */
  readonly width: number;
}

/** An embedded field and the blocks that hold its part of a batch. */
export interface FieldBlocks {
  readonly field: EmbeddedField;
  /** Whether its embeddings stand in the matrix of the shared rows. */
  readonly isShared: boolean;
  /** First of its columns in the matrix. */
  readonly offset: number;
  /** Ids per row: 1, or the length of a bag or sequence. */
  readonly length: number;
  /** Columns from one id's embedding to the next one's, which stand side by side; 0 where they are added up to one. */
  readonly step: number;
  readonly ids: Block;
  /** Coefficient of each id; `null` where every row has a single id of coefficient 1. */
  readonly coefficients: Block | null;
  /** Number of rows of the batch that each shared row stands for, as floats; `null` where each row has its own. */
  readonly rowCounts: Block | null;
}

/** 1 for each item of a sequence and 0 for its padding, [batchSize, length]. */
export interface SequenceBlock {
  readonly length: number;
  readonly block: Block;
}

/** The numbers of an input: one in each row, or so many. */
export interface NumberBlock {
  readonly length: number | null;
  readonly block: Block;
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
  /** How often they occur in the rows of the batch, as floats. */
  readonly occurrences: Block;
  /** Where the thread works on rows of tables beside the memory; `null` where there are none. */
  readonly staged: StagedBlocks | null;
}

/** Copies of some rows of a table, one after the other, on which the kernels work in place of a table beside the memory. */
export interface StagedBlocks {
  readonly rows: Block;
  /** The ids of the copies: 0, 1, 2, ... as int32. */
  readonly places: Block;
}

/** The options that the size of a memory depends on. */
export type PlanOptions = Pick<EngineOptions, 'batchSize' | 'optimizer' | 'threads' | 'dropout' | 'sharedEntity'>;

/**
 * Plans the blocks of a model's parameters and tables, with the optimizer's state, and of one batch.
 * @param beside names of the tables that are beside the memory
 */
export function planParts(
  plan: MemoryPlan,
  model: Model,
  { sharedEntity, ...options }: PlanOptions,
  beside: ReadonlySet<string> = new Set(),
): MemoryParts {
  const { embeddings, network, layout, graph } = model;
  const { batchSize, optimizer, threads, dropout } = options;
  const { dense, sparse } = optimizerOf(optimizer);
  const sequences = sequencesOf(layout);
  const columns = (named: readonly { readonly name: string }[]) =>
    new Map(named.map(({ name }) => [name, plan.reserve(batchSize)]));
  const tables = new Map(
    embeddings.tables.map(({ name, rows, dimension }) => {
      const table = planTable(plan, { rows, dimension, state: sparse.state, isBeside: beside.has(name) });
      return [name, { table, touched: plan.reserve(Math.ceil(rows / 4)) }] as const;
    }),
  );
  const staged = [...tables].flatMap(([name, { table }]) => (beside.has(name) ? [{ name, ...table }] : []));
  return {
    barrier: plan.reserve(BARRIER_WORDS),
    zero: plan.reserve(1),
    parameters: new Map(
      network.parameters.map(({ name, shape }) => {
        const dimension = shape.reduce((a, b) => a * b, 1);
        const table = planTable(plan, { rows: 1, dimension, state: dense.state });
        return [name, { shape, table, gradients: plan.reserve(threads * dimension) }];
      }),
    ),
    tables,
    layouts: planLayouts(plan, model, batchSize, sharedEntity ?? null),
    sharedRows: plan.reserve(sharedEntity === undefined ? 0 : batchSize),
    sharedInputs: new Set(
      [...layout.numbers, ...sequences].filter(({ entity }) => entity === sharedEntity).map(({ name }) => name),
    ),
    sequences: new Map(
      sequences.map(({ name, length }) => [name, { length, block: plan.reserve(batchSize * length) }]),
    ),
    numbers: new Map(
      layout.numbers.map((input) => {
        const length = input.kind === 'vector' ? input.length : null;
        return [input.name, { length, block: plan.reserve(batchSize * (length ?? 1)) }];
      }),
    ),
    labels: columns(targetsOf(model)),
    weights: columns(targetsOf(model)),
    probabilities: columns(graph.outputs),
    masks: (dropout === 0 ? [] : network.masks).map(({ name, units }) => {
      return { name, units, block: plan.reserve(batchSize * units) };
    }),
    members: Array.from({ length: threads }, () => {
      return { ...planSums(plan, embeddings, batchSize), staged: planStaged(plan, embeddings.fields, staged) };
    }),
  };
}

function planLayouts(
  plan: MemoryPlan,
  model: Model,
  batchSize: number,
  sharedEntity: Entity | null,
): MemoryParts['layouts'] {
  const { embeddings } = model;
  const blocks = embeddings.fields.map((field) => {
    const length = idsPerRow(field);
    const ids = plan.reserve(batchSize * length);
    const hasCoefficients = embeddedKind(field.input).hasCoefficients || field.trainedOn !== null;
    const step = embeddedKind(field.input).isPooled ? 0 : field.dimension;
    return { field, length, step, ids, coefficients: hasCoefficients ? plan.reserve(batchSize * length) : null };
  });
  const matrix = (width: number): MatrixBlocks => {
    return { embedded: plan.reserve(batchSize * width), gradient: plan.reserve(batchSize * width), width };
  };
  const rows = matrix(embeddings.width);
  const plain = blocks.map((block) => ({
    ...block,
    isShared: false,
    offset: block.field.offset,
    rowCounts: null,
  }));
  if (sharedEntity === null) return { plain: { rows, shared: null, fields: plain }, shared: null };
  const widths = embeddedWidths(model, sharedEntity);
  // The fields of each matrix stand in the order that they have in the matrix of all.
  const offsets = { rows: 0, shared: 0 };
  const fields = blocks.map((block) => {
    const isShared = block.field.input.entity === sharedEntity;
    const offset = offsets[isShared ? 'shared' : 'rows'];
    offsets[isShared ? 'shared' : 'rows'] += block.field.width;
    return { ...block, isShared, offset, rowCounts: isShared ? plan.reserve(batchSize) : null };
  });
  return {
    plain: { rows, shared: null, fields: plain },
    shared: { rows: { ...rows, width: widths.rows }, shared: matrix(widths.shared), fields },
  };
}

/** Plans the sums of a thread, which are enough even if it has every id of a batch in the largest table. */
function planSums(
  plan: MemoryPlan,
  { tables, fields }: Pick<Model['embeddings'], 'tables' | 'fields'>,
  batchSize: number,
): Omit<SumBlocks, 'staged'> {
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
    occurrences: plan.reserve(most),
  };
}

/** Plans the copies of rows of the given tables: so many that those of a row of the batch fit. */
function planStaged(
  plan: MemoryPlan,
  fields: Model['embeddings']['fields'],
  tables: readonly { readonly name: string; readonly stride: number }[],
): StagedBlocks | null {
  if (tables.length === 0) return null;
  const lengths = fields.filter(({ table }) => tables.some(({ name }) => name === table)).map(idsPerRow);
  const count = Math.max(STAGED_ROWS, ...lengths);
  const longest = Math.max(...tables.map(({ stride }) => stride));
  return { rows: plan.reserve(count * longest), places: plan.reserve(count) };
}

function idsPerRow({ input }: EmbeddedField): number {
  return embeddedKind(input).idsPerRow(input);
}
