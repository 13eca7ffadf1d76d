import type {
  BatchLayout,
  FieldBlocks,
  MatrixBlocks,
  MemoryParts,
  SumBlocks,
  TableBlocks,
} from '../memory/memory-parts.ts';
import type { SparseMemory } from '../memory/memory-plan.ts';
import type { MemoryTable } from '../memory/memory-table.ts';
import { inPieces, StagedRows } from './staged-rows.ts';
import type { BatchSlices, Slice } from './step-setup.ts';

/** Copies the embeddings of a member's rows of a batch into the embedded matrices. */
export function gather(
  memory: SparseMemory,
  { tables, staged }: Pick<MemoryParts, 'tables'> & Pick<SumBlocks, 'staged'>,
  { fields, ...matrices }: BatchLayout,
  slices: BatchSlices,
): void {
  for (const blocks of fields) {
    const { field, length, step, ids, coefficients, isShared, offset } = blocks;
    const { table } = tables.get(field.table) as TableBlocks;
    const matrix = (isShared ? matrices.shared : matrices.rows) as MatrixBlocks;
    const slice = (isShared ? slices.shared : slices.rows) as Slice;
    if (table.block.buffer !== undefined && staged !== null) {
      gatherStaged(memory, new StagedRows(memory, staged, table), { table, blocks, matrix, slice });
      continue;
    }
    memory.kernels.gather(
      table.block.offset,
      table.stride,
      table.dimension,
      ids.offset,
      coefficients?.offset ?? 0,
      slice.from,
      slice.to,
      length,
      matrix.embedded.offset + offset * 4,
      matrix.width,
      step,
    );
  }
}

interface FieldOfBatch {
  readonly table: MemoryTable;
  readonly blocks: FieldBlocks;
  readonly matrix: MatrixBlocks;
  readonly slice: Slice;
}

/** Gathers a field whose table is beside the memory. */
function gatherStaged(
  memory: SparseMemory,
  staged: StagedRows,
  { table: { dimension }, blocks, matrix, slice }: FieldOfBatch,
): void {
  const { length, step, ids, coefficients, offset } = blocks;
  inPieces(slice.from, slice.to, Math.floor(staged.most / length), (first, count) => {
    staged.read(memory.ints({ offset: ids.offset + first * length * 4, length: count * length }), dimension);
    memory.kernels.gather(
      staged.rows,
      dimension,
      dimension,
      staged.ids,
      coefficients === null ? 0 : coefficients.offset + first * length * 4,
      0,
      count,
      length,
      matrix.embedded.offset + (first * matrix.width + offset) * 4,
      matrix.width,
      step,
    );
  });
}
