import type { Log, Split, TimeBound } from '../declaration.ts';
import type { SplitShape } from '../schema/schema.ts';
import { parseInstant } from '../units.ts';

/**
 * Returns the declared split. By default validation and test have a tenth of the rows each: the last ones by time or, in
 * a log without a time and for a model that learns from the youngest rows, those that the hash of all keys selects:
 * most ids of the held-out rows are then known.
 */
export function resolveSplit(split: SplitShape | undefined, log: Log, learnsFromYoung = false): Split {
  if (split === undefined) return defaultSplit(log, learnsFromYoung);
  if ('hash' in split) {
    const { hash, ...shares } = split;
    return { by: 'hash', columns: typeof hash === 'string' ? [hash] : hash, ...shares };
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

function defaultSplit({ time, keys }: Log, learnsFromYoung: boolean): Split {
  if (time !== null && !learnsFromYoung)
    return { by: 'time', validation: { share: 0.1 }, test: { share: 0.1 }, isDefault: true };
  return { by: 'hash', columns: keys, validation: 0.1, test: 0.1, seed: 1, isDefault: true };
}

function timeBound(bound: number | string): TimeBound {
  return typeof bound === 'number' ? { share: bound } : { from: parseInstant(bound) };
}
