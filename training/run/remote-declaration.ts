import type { Declaration } from '../../lib/config/declaration.ts';
import { DeclarationError } from '../../lib/config/declaration-error.ts';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { ObjectNotFoundError, type Store } from '../../lib/store/store.ts';
import type { RunSettings } from './environment.ts';

/**
 * The declaration in the bucket, with the run's seed where it has one, and its text as it stands.
 * @throws {DeclarationError} where it is absent, wrong, or of another model.
 */
export async function readRemoteDeclaration(
  store: Store,
  { declarationKey, modelName, seed }: RunSettings,
): Promise<{ declaration: Declaration; text: string }> {
  const place = `${store.url}/${declarationKey}`;
  const object = await store.get(declarationKey).catch((cause: unknown) => {
    if (cause instanceof ObjectNotFoundError) throw mistaken(place, 'no such object in the bucket (DECLARATION_KEY)');
    throw cause;
  });
  const text = new TextDecoder().decode(object.body);
  const declaration = parseDeclaration(text, place);
  if (declaration.name !== modelName)
    throw mistaken(place, `name is ${declaration.name}, expected ${modelName} (MODEL_NAME)`);
  if (seed === null) return { declaration, text };
  return { declaration: { ...declaration, training: { ...declaration.training, seed } }, text };
}

function mistaken(place: string, message: string): DeclarationError {
  return new DeclarationError(place, [{ line: 1, column: 1, path: '', message }]);
}
