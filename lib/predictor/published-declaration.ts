/** The declaration of a published version, read without fetching the version's other files. */
import type { Declaration, Feature } from '../config/declaration.ts';
import { DeclarationError } from '../config/declaration-error.ts';
import { DECLARATION_FILE } from '../contract/bucket.ts';
import { currentVersion } from '../registry/current.ts';
import { versionPrefix } from '../registry/keys.ts';
import { ObjectNotFoundError, type Store } from '../store/store.ts';
import type { VersionName } from './begin-version.ts';

/**
 * Reads and parses the declaration of a published version.
 * @throws {ObjectNotFoundError} where it is not there.
 * @throws {DeclarationError} where this release does not read it.
 */
export async function publishedDeclaration(store: Store, { name, version }: VersionName): Promise<Declaration> {
  const { body } = await store.get(`${versionPrefix(name, version)}${DECLARATION_FILE}`);
  // Loaded here only: scoring imports this module, and mostly has the declaration from `readDeclarationFiles`.
  const { parseDeclaration } = await import('../config/parse-declaration.ts');
  return parseDeclaration(new TextDecoder().decode(body), DECLARATION_FILE);
}

/**
 * The features of a model's current version. A log that is prepared for them, too, need not be read again when that
 * version is compared with. Empty where no version is current, or where its declaration cannot be used: the gate, which
 * opens the version, then says why.
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
