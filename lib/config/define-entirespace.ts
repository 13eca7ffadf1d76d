import { stringify } from 'yaml';
import type * as z from 'zod';
import type { Declaration } from './declaration.ts';
import { DeclarationError, formatPath } from './declaration-error.ts';
import { findMistakes } from './parse-declaration.ts';
import { readYaml } from './read-yaml.ts';
import { resolveDeclaration } from './resolve/resolve-declaration.ts';
import { fileSchema } from './schema/schema.ts';

/** What `entirespace.yaml` holds, as an object of the same keys. */
export type EntirespaceFile = z.input<typeof fileSchema>;

/**
 * Checks a declaration that is written in TypeScript, and returns it with every default filled in, together with the text
 * of the `entirespace.yaml` that says the same: what `train` takes and versions keep.
 *
 *     const { declaration, text } = defineEntirespace({
 *       name: 'shop',
 *       stages: { click: { label: 'clicked' }, conversion: { label: 'bought', within: '7d' } },
 *       log: { keys: ['impression_id'], time: 'shown_at' },
 *       features: { user_id: { type: 'category', entity: 'user', hash: 100_000 } },
 *     });
 *
 * @throws {DeclarationError} with every mistake, each with its path.
 */
export function defineEntirespace(file: EntirespaceFile): { readonly declaration: Declaration; readonly text: string } {
  const text = stringify(file, { aliasDuplicateObjects: false });
  const { value } = readYaml(text);
  const mistakes = findMistakes(value);
  if (mistakes.length > 0) {
    const problems = mistakes.map(({ path, message }) => ({ path: formatPath(path), message }));
    throw new DeclarationError('defineEntirespace', problems);
  }
  return { declaration: resolveDeclaration(fileSchema.parse(value)), text };
}
