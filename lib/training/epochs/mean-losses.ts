/** Sums and means of losses, by name. */
import type { TrainingEngine } from '../../engine/engine.ts';

/** Losses by name. */
export type Losses = Readonly<Record<string, number>>;

/** Returns the weighted sum of an engine's losses. */
export function totalLoss(engine: Pick<TrainingEngine, 'losses'>, losses: Losses): number {
  return engine.losses.reduce((sum, { name, weight }) => sum + weight * (losses[name] ?? Number.NaN), 0);
}

/** Adds the mean losses of some rows to sums over rows. */
export function addWeighted(sums: Record<string, number>, losses: Losses, rows: number): void {
  for (const [name, loss] of Object.entries(losses)) sums[name] = (sums[name] ?? 0) + loss * rows;
}

/** Returns the means over rows from the sums. */
export function dividedBy(sums: Losses, rows: number): Record<string, number> {
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / rows]));
}
