/** What the model did not know of a scored file: missing and unknown values by feature, and the notes on them. */
import { count, countOf, listed, percent } from '../../numbers/text.ts';
import {
  addCounts,
  isUnusual,
  missingShare,
  unknownShare,
  type ValueCounts,
  type ValueShares,
} from '../../table/encode/value-counts.ts';
import type { FailureCause } from '../errors.ts';
import type { Plan, Receipt, ScoresManifest } from './records.ts';

type Features = ScoresManifest['features'];
type Kind = keyof ValueShares;

/** How the share of each kind is measured, and what it is a share of. */
const KINDS = {
  missing: { share: missingShare, total: ({ rows }: ValueCounts) => rows, of: 'row', limit: 'maxMissing' },
  unknown: { share: unknownShare, total: ({ values }: ValueCounts) => values, of: 'value', limit: 'maxUnknown' },
} as const;

/** Adds up the counts of a file's shards, beside the shares that are usual. */
export function featuresOf(usual: Plan['usual'], receipts: readonly Receipt[]): Features {
  const features: Record<string, Features[string]> = {};
  for (const receipt of receipts)
    for (const [name, counts] of Object.entries(receipt.features)) {
      const before = features[name];
      features[name] = {
        ...(before === undefined ? counts : addCounts(before, counts)),
        usual: usual[name] ?? { missing: 0, unknown: 0 },
      };
    }
  return features;
}

/** Returns a sentence where shares are unusual: `item: 100% unknown, history: 100% unknown (0% in training)`. */
export function valueNotes(features: Features): string[] {
  const unusual = Object.entries(features).flatMap(([name, feature]) =>
    (['missing', 'unknown'] as const).flatMap((kind) => {
      const { share, total } = KINDS[kind];
      const [got, usual] = [share(feature), feature.usual[kind]];
      return isUnusual(got, usual, total(feature))
        ? { text: `${name}: ${percent(got)} ${kind}`, training: `${percent(usual)} in training` }
        : [];
    }),
  );
  if (unusual.length === 0) return [];
  const trainings = new Set(unusual.map(({ training }) => training));
  if (trainings.size === 1) return [`${listed(unusual.map(({ text }) => text))} (${[...trainings].join()})`];
  return [listed(unusual.map(({ text, training }) => `${text} (${training})`))];
}

/** Returns a sentence where rows repeat keys, which are compared within each shard. */
export function repeatedNotes(rows: number, shards: number): string[] {
  if (rows === 0) return [];
  const where = shards === 1 ? '' : ' of the same shard';
  return [`${countOf(rows, 'row')} ${rows === 1 ? 'repeats' : 'repeat'} the keys of another row${where}`];
}

/** The largest difference of a feature's share from the usual one, of each kind; 0 where none is above it. */
export function aboveUsual(features: Features): ValueShares {
  const largest = (kind: Kind) =>
    Object.values(features).reduce(
      (most, feature) => Math.max(most, KINDS[kind].share(feature) - feature.usual[kind]),
      0,
    );
  return { missing: largest('missing'), unknown: largest('unknown') };
}

/** Returns why a file fails in which a feature has more missing or unknown values than is declared. */
export function tooManyValues({ file, limits }: Plan, { features }: ScoresManifest): FailureCause | null {
  for (const kind of ['unknown', 'missing'] as const) {
    const { share, total, of, limit } = KINDS[kind];
    const most = limits[limit];
    if (most === null) continue;
    const above = Object.entries(features)
      // A feature that the declaration scores as missing is so in every row.
      .filter(([, feature]) => share(feature) > most && feature.usual[kind] < 1)
      .sort(([, a], [, b]) => share(b) - share(a));
    const [worst, ...others] = above;
    if (worst === undefined) continue;
    const [name, feature] = worst;
    const also = others.map(([other, counts]) => `${other} ${percent(share(counts))}`);
    return {
      reason: `too_many_${kind}`,
      message:
        `${file.key}: ${name} is ${kind} in ${count(feature[kind] ?? 0)} of ${countOf(total(feature), of)} ` +
        `(${percent(share(feature))}), at most ${percent(most)} allowed; ${percent(feature.usual[kind])} in training` +
        `${also.length === 0 ? '' : `; also ${listed(also)}`}`,
      details: { feature: name, share: share(feature), limit: most, inTraining: feature.usual[kind], features },
    };
  }
  return null;
}
