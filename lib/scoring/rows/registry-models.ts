import * as z from 'zod';
import type { Declaration } from '../../config/declaration.ts';
import { publishedDeclaration } from '../../predictor/published-declaration.ts';
import { currentVersion } from '../../registry/current.ts';
import { ModelCorruptedError, VersionNotFoundError } from '../../registry/errors.ts';
import { versionPrefix } from '../../registry/keys.ts';
import { readRecord } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { type PartCounts, usualShares, VALUE_COUNTS_FILE, type ValueShares } from '../../table/encode/value-counts.ts';
import type { CurrentModel, Models, ModelVersion } from '../protocol/ports.ts';
import { featureCounts } from '../protocol/records.ts';

const partCounts: z.ZodType<PartCounts, PartCounts> = z.object({
  train: featureCounts,
  validation: featureCounts,
  test: featureCounts,
});

/**
 * The current version of a model in a registry.
 * @param declarationOf returns the declaration of a version. @default it is read from the registry
 */
export function registryModels(
  store: Store,
  name: string,
  declarationOf = (version: ModelVersion): Promise<Declaration> => publishedDeclaration(store, version),
): Models {
  // A version never changes.
  let known: CurrentModel | null = null;
  return {
    async current() {
      const current = await currentVersion(store, name);
      if (current === null) {
        throw new VersionNotFoundError(
          `model ${name} has no current version (in ${store.url}): train one, or promote one`,
        );
      }
      const { version } = current;
      if (known?.version === version) return known;
      const { scoring, features } = await declarationOf({ name, version });
      const { maxRejected, maxUnknown, maxMissing, rank: ranking, format } = scoring;
      const counts = await valueCounts(store, { name, version });
      const limits = { maxRejected, maxUnknown, maxMissing };
      known = { name, version, limits, ranking, format, usual: usualShares(counts, features) };
      return known;
    },
  };
}

/** Reads the shares of missing and of unknown values that are usual for each feature of a version. */
export async function usualOf(store: Store, version: ModelVersion): Promise<Readonly<Record<string, ValueShares>>> {
  const { features } = await publishedDeclaration(store, version);
  return usualShares(await valueCounts(store, version), features);
}

/** Reads what a version found missing and unknown in its log, without fetching the version's other files. */
async function valueCounts(store: Store, { name, version }: ModelVersion): Promise<PartCounts> {
  const key = `${versionPrefix(name, version)}${VALUE_COUNTS_FILE}`;
  const stored = await readRecord(store, { schema: partCounts }, { key });
  if (stored === null)
    throw new ModelCorruptedError(`version ${version} of ${name} has no ${VALUE_COUNTS_FILE} (in ${store.url})`);
  return stored.value;
}
