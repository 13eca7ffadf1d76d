import type { BatchLayout, MatrixBlocks, MemoryParts, TableBlocks } from '../memory/memory-parts.ts';
import type { SparseMemory } from '../memory/memory-plan.ts';
import type { BatchSlices, Slice } from './step-setup.ts';

/** Copies the embeddings of some rows of a batch into the embedded matrices. */
export function gather(
  { kernels }: SparseMemory,
  { tables }: Pick<MemoryParts, 'tables'>,
  { fields, ...matrices }: BatchLayout,
  slices: BatchSlices,
): void {
  for (const { field, length, step, ids, coefficients, isShared, offset } of fields) {
    const { block, stride, dimension } = (tables.get(field.table) as TableBlocks).table;
    const { embedded, width } = (isShared ? matrices.shared : matrices.rows) as MatrixBlocks;
    const { from, to } = (isShared ? slices.shared : slices.rows) as Slice;
    kernels.gather(
      block.offset,
      stride,
      dimension,
      ids.offset,
      coefficients?.offset ?? 0,
      from,
      to,
      length,
      embedded.offset + offset * 4,
      width,
      step,
    );
  }
}
