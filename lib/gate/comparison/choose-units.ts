/** Which units are resampled for the intervals of a comparison. */
import type { GateRows } from '../input.ts';
import { blockUnits, groupUnits, LEAST_UNITS, tooFewUnits } from './bootstrap.ts';
import type { ChosenUnits } from './compare.ts';

/**
 * Returns the units that intervals are by: the declared groups or, without any, days or blocks of rows.
 *
 * Too few groups or days say nothing of the spread between them: then intervals are by blocks of rows. Days, and a
 * single group, are then as if there were none; a few declared groups are too few for the loss to decide by.
 */
export function chooseUnits({ labels, group }: Pick<GateRows, 'labels' | 'group'>): ChosenUnits {
  const blocks = blockUnits(Object.values(labels)[0]?.length ?? 0);
  const kind = 'blocks of rows';
  const byBlocks: ChosenUnits = { units: blocks, kind, note: '', tooFew: tooFewUnits({ count: blocks.count, kind }) };
  if (group === null) return byBlocks;
  const units = groupUnits(group.of);
  if (units.distinct >= LEAST_UNITS) return { units, kind: group.kind, note: '', tooFew: null };
  if (group.kind === 'days') return byBlocks;
  if (units.distinct === 1) return { ...byBlocks, note: ', by blocks of rows, for all are of 1 group' };
  const tooFew = `${tooFewUnits({ count: units.distinct, kind: 'groups' })} (log.group)`;
  return { ...byBlocks, note: `, by blocks of rows, for there are but ${units.distinct} groups`, tooFew };
}
