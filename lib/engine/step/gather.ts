import type { MemoryParts, TableBlocks } from '../memory/memory-parts.ts';
import type { SparseMemory } from '../memory/memory-plan.ts';
import type { Slice } from './team-setup.ts';

/** Copies the embeddings of a batch's rows into the embedded matrix. */
export function gather({ kernels }: SparseMemory, parts: MemoryParts, { from, to }: Slice): void {
  const { fields, tables, embedded, embeddedWidth } = parts;
  for (const { field, length, ids, coefficients } of fields) {
    const { block, stride, dimension } = (tables.get(field.table) as TableBlocks).table;
    kernels.gather(
      block.offset,
      stride,
      dimension,
      ids.offset,
      coefficients?.offset ?? 0,
      from,
      to,
      length,
      embedded.offset + field.offset * 4,
      embeddedWidth,
    );
  }
}
