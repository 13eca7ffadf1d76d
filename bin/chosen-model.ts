/** The model, and the version of it, that a command works with. */
import { currentVersion } from '../lib/registry/current.ts';
import { VersionNotFoundError } from '../lib/registry/errors.ts';
import { listModels } from '../lib/registry/versions.ts';
import type { Store } from '../lib/store/store.ts';
import { UsageError } from './terminal/exit.ts';

/**
 * Name of the model that is asked for, or of the only one in the bucket.
 * @throws {VersionNotFoundError} where the bucket has no such model, or none at all.
 * @throws {UsageError} where it has several and none is asked for.
 */
export async function chosenModel(store: Store, name: string | undefined): Promise<string> {
  const names = await listModels(store);
  if (names.length === 0) throw new VersionNotFoundError(`no model in ${store.url}: train one`);
  const found = names.find((candidate) => (names.length === 1 && name === undefined) || candidate === name);
  if (found !== undefined) return found;
  const there = names.join(', ');
  if (name === undefined) throw new UsageError(`--model is needed: ${store.url} has several models, ${there}`);
  throw new VersionNotFoundError(`no model ${name} in ${store.url}; there are: ${there}`);
}

/**
 * Id of the model's current version.
 * @throws {VersionNotFoundError} where no version is current.
 */
export async function requireCurrent(store: Store, name: string): Promise<string> {
  const current = await currentVersion(store, name);
  if (current === null)
    throw new VersionNotFoundError(`model ${name} has no current version (in ${store.url}): train one, or promote one`);
  return current.version;
}
