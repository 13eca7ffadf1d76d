import { normalize } from 'node:path';
import type { Declaration } from '../../lib/config/declaration.ts';
import { DeclarationError } from '../../lib/config/declaration-error.ts';
import { mistakeAt, parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { type DeclarationFile, loadModelFile, type ModelFile } from '../../lib/own-model/model-file.ts';
import { ObjectNotFoundError, type Store } from '../../lib/store/store.ts';
import type { RunSettings } from './environment.ts';

/** A declaration from the bucket. */
export interface RemoteDeclaration {
  /** With the run's seed and engine where it has them. */
  readonly declaration: Declaration;
  /** The text as it stands. */
  readonly text: string;
  /** The model that it names, from the folder of model files in the image: nothing of the bucket is ever run. */
  readonly modelFile: ModelFile | null;
}

/**
 * Reads the declaration in the bucket.
 * @throws {DeclarationError} where it is absent, wrong, or of another model, or names a model file that the image does
 *   not have, or has with another digest.
 */
export async function readRemoteDeclaration(store: Store, settings: RunSettings): Promise<RemoteDeclaration> {
  const { declarationKey, modelName, seed, engine } = settings;
  const place = `${store.url}/${declarationKey}`;
  const object = await store.get(declarationKey).catch((cause: unknown) => {
    if (cause instanceof ObjectNotFoundError) throw mistaken(place, 'no such object in the bucket (DECLARATION_KEY)');
    throw cause;
  });
  const text = new TextDecoder().decode(object.body);
  const declaration = parseDeclaration(text, place);
  if (declaration.name !== modelName)
    throw mistaken(place, `name is ${declaration.name}, expected ${modelName} (MODEL_NAME)`);
  const modelFile = await imageModelFile(settings, { declaration, text, fileName: place });
  const own = { ...(seed !== null && { seed }), ...(engine !== null && { engine }) };
  return { declaration: { ...declaration, training: { ...declaration.training, ...own } }, text, modelFile };
}

async function imageModelFile(
  { models }: RunSettings,
  remote: Pick<DeclarationFile, 'declaration' | 'text' | 'fileName'>,
): Promise<ModelFile | null> {
  const { file } = remote.declaration.model;
  if (file === null) return null;
  const refused = (expected: string) =>
    mistakeAt(remote.text, remote.fileName, { path: ['model', 'file'], message: `got ${file}, expected ${expected}` });
  if (models === null) throw refused('none, because this run has no folder of model files (MODELS)');
  if (normalize(file).startsWith('..')) throw refused(`a file below ${models} (MODELS)`);
  return loadModelFile({ ...remote, folder: models, shownFolder: models, needsDigest: true });
}

function mistaken(place: string, message: string): DeclarationError {
  return new DeclarationError(place, [{ line: 1, column: 1, path: '', message }]);
}
