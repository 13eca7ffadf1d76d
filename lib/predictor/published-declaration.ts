/** What a published version declares, read without fetching its files. */
import type { Declaration, Feature } from '../config/declaration.ts';
import { DeclarationError } from '../config/declaration-error.ts';
import { parseDeclaration } from '../config/parse-declaration.ts';
import { DECLARATION_FILE } from '../contract/bucket.ts';
import { currentVersion } from '../registry/current.ts';
import { versionPrefix } from '../registry/keys.ts';
import { ObjectNotFoundError, type Store } from '../store/store.ts';
import type { VersionName } from './open-model.ts';

/**
 * The declaration of a published version, as it lies in the store.
 * @throws {ObjectNotFoundError} where it is not there.
 * @throws {DeclarationError} where this release does not read it.
 */
export async function publishedDeclaration(store: Store, { name, version }: VersionName): Promise<Declaration> {
  const { body } = await store.get(`${versionPrefix(name, version)}${DECLARATION_FILE}`);
  return parseDeclaration(new TextDecoder().decode(body), DECLARATION_FILE);
}

/**
 * The features of a model's current version, so that a log is prepared for them, too, before it is compared with. None
 * where no version is current, or its declaration cannot be used: whoever opens the version says why.
 */
export async function currentFeatures(store: Store, name: string): Promise<readonly Feature[]> {
  const current = await currentVersion(store, name);
  if (current === null) return [];
  try {
    return (await publishedDeclaration(store, { name, version: current.version })).features;
  } catch (error) {
    if (error instanceof ObjectNotFoundError || error instanceof DeclarationError) return [];
    throw error;
  }
}
