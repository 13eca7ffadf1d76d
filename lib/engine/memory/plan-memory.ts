/** Decides which embedding tables are in the memory of the kernels. */
import type { Model } from '../../model/model.ts';
import { type MemoryParts, type PlanOptions, planParts } from './memory-parts.ts';
import { MemoryPlan } from './memory-plan.ts';

/** A memory that is planned, and its parts. */
export interface PlannedMemory {
  readonly plan: MemoryPlan;
  readonly parts: MemoryParts;
}

/**
 * Plans the memory of an engine. All tables are in it if they fit; else the largest are beside it, as few as possible.
 * Which they are changes no weight: a table beside the memory is updated by the same kernels, on copies of its rows.
 * @param maxBytes most bytes of the memory, by default what it can have
 */
export function planMemory(model: Model, options: PlanOptions, maxBytes?: number): PlannedMemory {
  const size = ({ rows, dimension }: Model['embeddings']['tables'][number]) => rows * dimension;
  const largestFirst = [...model.embeddings.tables].sort((a, b) => size(b) - size(a)).map(({ name }) => name);
  for (let count = 0; ; count++) {
    const plan = new MemoryPlan(maxBytes);
    const parts = planParts(plan, model, options, new Set(largestFirst.slice(0, count)));
    if (plan.fits || count >= largestFirst.length) return { plan, parts };
  }
}
