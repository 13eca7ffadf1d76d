import { parseDeclaration } from '../config/parse-declaration.ts';
import { currentVersion } from '../registry/current.ts';
import { VersionNotFoundError } from '../registry/errors.ts';
import { DECLARATION_FILE, versionPrefix } from '../registry/keys.ts';
import type { Store } from '../store/store.ts';
import type { Models } from './ports.ts';

/** The current version of a model in a registry. */
export function registryModels(store: Store, name: string): Models {
  return {
    async current() {
      const current = await currentVersion(store, name);
      if (current === null) {
        throw new VersionNotFoundError(
          `model ${name} has no current version (in ${store.url}): train one, or promote one`,
        );
      }
      const { version } = current;
      const { body } = await store.get(`${versionPrefix(name, version)}${DECLARATION_FILE}`);
      const { scoring } = parseDeclaration(new TextDecoder().decode(body), DECLARATION_FILE);
      return { name, version, maxRejected: scoring.maxRejected };
    },
  };
}
