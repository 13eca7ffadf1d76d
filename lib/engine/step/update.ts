/** The update of the weights by one member of a team, after all members have written their gradients. */
import type { EngineOptions } from '../engine.ts';
import { learningRateFactor } from '../learning-rate.ts';
import { batchLayout } from '../memory/batch-layout.ts';
import type { MatrixBlocks, SumBlocks, TableBlocks } from '../memory/memory-parts.ts';
import type { SparseMemory } from '../memory/memory-plan.ts';
import type { MemoryTable } from '../memory/memory-table.ts';
import type { TouchedRows } from '../memory/sparse-kernels.ts';
import { optimizerOf, type UpdateSettings } from '../optimizers.ts';
import { inPieces, StagedRows } from './staged-rows.ts';
import { type StepSetup, type StepTask, shareOf } from './step-setup.ts';

/** The team, and the number of one of its members. */
type Member = Pick<StepSetup, 'parts' | 'options'> & { readonly member: number };

/** Updates the member's share of the elements of every dense parameter. */
export function updateParameters({ kernels }: SparseMemory, { parts, options, member }: Member, step: number): void {
  const { dense } = optimizerOf(options.optimizer);
  const settings = settingsOf(options, step, 0);
  const zero = parts.zero.offset;
  for (const { table, gradients } of parts.parameters.values()) {
    const { block, dimension } = table;
    const { from, to } = shareOf(dimension, member, options.threads);
    kernels.sumMembers(gradients.offset, dimension, options.threads, from, to);
    const [weights, sums] = [block.offset + from * 4, gradients.offset + from * 4];
    dense.update(kernels, [weights, to - from, dimension, to - from, zero, 1, sums, zero], settings);
  }
}

/**
 * Updates those rows of every embedding table that the batch touches and whose ids are the member's, by a hash of the id
 * and of the table's number.
 */
export function updateTables(memory: SparseMemory, of: Member, { rows, distinct: shared, step }: StepTask): void {
  const { parts, options, member } = of;
  const { kernels } = memory;
  const { sparse } = optimizerOf(options.optimizer);
  const sumBlocks = parts.members[member] as SumBlocks;
  const { distinct, sums, occurrences, staged } = sumBlocks;
  for (const [place, [name, { table, touched }]] of [...parts.tables].entries()) {
    const { block, stride, dimension } = table;
    const count = scatter(memory, of, { name, place, rows, shared });
    kernels.flag(touched.offset, distinct.offset, count);
    // The loss is a mean over the batch, and so is the penalty.
    const settings = settingsOf(options, step, (options.l2Tables?.[name] ?? options.l2Embeddings) / rows);
    if (block.buffer !== undefined && staged !== null) {
      const copies = new StagedRows(memory, staged, table);
      updateStaged(memory, copies, { table, sumBlocks, count }, (of) => sparse.update(kernels, of, settings));
      continue;
    }
    const touchedRows = [distinct.offset, count, sums.offset, occurrences.offset] as const;
    sparse.update(kernels, [block.offset, stride, dimension, dimension, ...touchedRows], settings);
  }
}

interface RowsToUpdate {
  readonly table: MemoryTable;
  readonly sumBlocks: SumBlocks;
  /** Number of distinct ids. */
  readonly count: number;
}

/** Updates rows of a table beside the memory. */
function updateStaged(
  memory: SparseMemory,
  copies: StagedRows,
  { table: { stride, dimension }, sumBlocks: { distinct, sums, occurrences }, count }: RowsToUpdate,
  update: (rows: TouchedRows) => void,
): void {
  inPieces(0, count, copies.most, (first, rows) => {
    const ids = memory.ints({ offset: distinct.offset + first * 4, length: rows });
    copies.read(ids, stride);
    const [sumsAt, occurrencesAt] = [sums.offset + first * dimension * 4, occurrences.offset + first * 4];
    update([copies.rows, stride, dimension, dimension, copies.ids, rows, sumsAt, occurrencesAt]);
    copies.write(ids);
  });
}

interface TableOfBatch {
  readonly name: string;
  /** Position of the table among all. */
  readonly place: number;
  readonly rows: number;
  /** Number of shared rows; `null` where none are. */
  readonly shared: number | null;
}

/** Adds up the gradients of each of the member's ids of a table, and returns the number of distinct ids. */
function scatter(
  memory: SparseMemory,
  { parts, options, member }: Member,
  { name, place, rows, shared }: TableOfBatch,
): number {
  const { fields, ...matrices } = batchLayout(parts, shared !== null);
  const { slots, slotBits, distinct, sums, occurrences } = parts.members[member] as SumBlocks;
  const { dimension } = (parts.tables.get(name) as TableBlocks).table;
  memory.ints(slots).fill(0);
  let count = 0;
  for (const { field, length, step, ids, coefficients, isShared, offset, rowCounts } of fields) {
    if (field.table !== name) continue;
    const { gradient, width } = (isShared ? matrices.shared : matrices.rows) as MatrixBlocks;
    count = memory.kernels.scatter(
      ids.offset,
      coefficients?.offset ?? 0,
      isShared ? (shared as number) : rows,
      length,
      dimension,
      gradient.offset + offset * 4,
      width,
      step,
      member,
      options.threads,
      place,
      slots.offset,
      slotBits,
      distinct.offset,
      count,
      sums.offset,
      occurrences.offset,
      rowCounts?.offset ?? 0,
    );
  }
  return count;
}

function settingsOf({ optimizer, schedule }: EngineOptions, step: number, l2: number): UpdateSettings {
  const learningRate = optimizer.learningRate * (schedule ? learningRateFactor(schedule, step) : 1);
  return { step, learningRate, l2 };
}
