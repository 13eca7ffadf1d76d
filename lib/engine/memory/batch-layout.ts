import type { BatchLayout, MemoryParts } from './memory-parts.ts';

/**
 * Returns where a batch is gathered.
 * @throws {RangeError} if rows are shared and the engine was created without an entity whose rows may be.
 */
export function batchLayout({ layouts }: Pick<MemoryParts, 'layouts'>, isShared: boolean): BatchLayout {
  if (!isShared) return layouts.plain;
  if (layouts.shared === null) throw new RangeError('batch: got shared rows, expected none without a shared entity');
  return layouts.shared;
}
