/** Which model, and which version of it, a command is about. */
import { currentVersion } from '../lib/registry/current.ts';
import { VersionNotFoundError } from '../lib/registry/errors.ts';
import { listModels } from '../lib/registry/versions.ts';
import type { Store } from '../lib/store/store.ts';
import { UsageError } from './terminal/exit.ts';

/**
 * The named model, or the only one that the bucket has.
 * @throws {VersionNotFoundError} where it is not there.
 * @throws {UsageError} where several are there and none is named.
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
