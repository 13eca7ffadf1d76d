import type { Log, Split, TimeBound } from '../declaration.ts';
import type { SplitShape } from '../schema/schema.ts';
import { parseInstant } from '../units.ts';

/**
 * Returns the declared split. By default validation and test have a tenth of the rows each: the last ones by time or,
 * in a log without a time, those that the hash of the group or else of the first key selects.
 */
export function resolveSplit(split: SplitShape | undefined, log: Log): Split {
  if (split === undefined) return defaultSplit(log);
  if ('hash' in split) {
    return { by: 'hash', column: split.hash, validation: split.validation, test: split.test, seed: split.seed };
  }
  if ('time' in split) return { by: 'time', validation: timeBound(split.validation), test: timeBound(split.test) };
  const [train, validation, test] = [split.train, split.validation, split.test].map((values) => values.map(String));
  return { by: 'column', column: split.column, train: train ?? [], validation: validation ?? [], test: test ?? [] };
}

/** Whether a split can assign rows to validation. */
export function hasValidation(split: Split): boolean {
  if (split.by === 'hash') return split.validation > 0;
  if (split.by === 'column') return split.validation.length > 0;
  return 'from' in split.validation || split.validation.share > 0;
}

function defaultSplit(log: Log): Split {
  if (log.time !== null) return { by: 'time', validation: { share: 0.1 }, test: { share: 0.1 } };
  return { by: 'hash', column: log.group ?? log.keys[0] ?? '', validation: 0.1, test: 0.1, seed: 1 };
}

function timeBound(bound: number | string): TimeBound {
  return typeof bound === 'number' ? { share: bound } : { from: parseInstant(bound) };
}
