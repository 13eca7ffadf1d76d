import { publishedDeclaration } from '../../predictor/published-declaration.ts';
import { currentVersion } from '../../registry/current.ts';
import { VersionNotFoundError } from '../../registry/errors.ts';
import type { Store } from '../../store/store.ts';
import type { CurrentModel, Models } from '../protocol/ports.ts';

/** The current version of a model in a registry. */
export function registryModels(store: Store, name: string): Models {
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
      const { scoring } = await publishedDeclaration(store, { name, version });
      known = { name, version, maxRejected: scoring.maxRejected };
      return known;
    },
  };
}
