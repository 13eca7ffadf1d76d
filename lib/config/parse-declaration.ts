import { readFile } from 'node:fs/promises';
import { checkColumns } from './check/check-columns.ts';
import { checkDelays } from './check/check-delays.ts';
import { checkEntities } from './check/check-entities.ts';
import { checkFeatures } from './check/check-features.ts';
import { checkModelType } from './check/check-model-type.ts';
import { checkScoring } from './check/check-scoring.ts';
import { checkSequences } from './check/check-sequences.ts';
import { checkSettings } from './check/check-settings.ts';
import { checkStages } from './check/check-stages.ts';
import { checkTableSizes } from './check/check-table-sizes.ts';
import { checkTowers } from './check/check-towers.ts';
import type { Declaration } from './declaration.ts';
import { DeclarationError, formatPath, type Mistake, type Problem } from './declaration-error.ts';
import { decodeText } from './decode-text.ts';
import { readYaml } from './read-yaml.ts';
import { resolveDeclaration } from './resolve/resolve-declaration.ts';
import { draftFile } from './schema/draft.ts';
import { isMap, show } from './schema/explain-issues.ts';
import { fileSchema } from './schema/schema.ts';

/**
 * Parses and checks the text of a declaration, and fills in every default; `fileName` is for messages.
 * @throws {DeclarationError} with every mistake in the text.
 */
export function parseDeclaration(text: string, fileName: string): Declaration {
  const yaml = readYaml(text);
  if (!yaml.isReadable) throw new DeclarationError(fileName, yaml.problems);
  const mistakes = findMistakes(yaml.value);
  const problems = mistakes.map(({ path, message, isKey = false }): Problem => {
    return { ...(isKey ? yaml.locateKey(path) : yaml.locate(path)), path: formatPath(path), message };
  });
  if (yaml.problems.length + problems.length > 0) throw new DeclarationError(fileName, [...yaml.problems, ...problems]);
  return resolveDeclaration(fileSchema.parse(yaml.value));
}

/**
 * Reads a declaration from a file and returns it with the unchanged text; `fileName` is for messages.
 * @throws {DeclarationError} with every mistake in the text, or if the file cannot be read.
 */
export async function readDeclaration(
  path: string,
  fileName = path,
): Promise<{ readonly declaration: Declaration; readonly text: string }> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    const isAbsent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const message = isAbsent ? 'no such file' : `cannot be read: ${cause instanceof Error ? cause.message : cause}`;
    throw new DeclarationError(fileName, [{ line: 1, column: 1, path: '', message }], { cause });
  });
  const text = decodeText(bytes);
  if (typeof text !== 'string') throw new DeclarationError(fileName, [{ ...text, path: '' }]);
  return { declaration: parseDeclaration(text, fileName), text };
}

/** Returns the error that a text which parses has another mistake at a path, such as a file that is not there. */
export function mistakeAt(text: string, fileName: string, { path, message }: Mistake): DeclarationError {
  return new DeclarationError(fileName, [{ ...readYaml(text).locate(path), path: formatPath(path), message }]);
}

/** Returns every mistake in a file's value, which is not resolved yet. */
export function findMistakes(value: unknown): readonly Mistake[] {
  if (!isMap(value)) {
    const got = value === null ? 'an empty file' : show(value);
    return [{ path: [], message: `got ${got}, expected a map with name, stages, log and features` }];
  }
  const draft = draftFile(value);
  // zod leaves this key out without a word.
  const hidden = (['stages', 'embeddings', 'features'] as const)
    .filter((section) => draft.names(section).includes('__proto__'))
    .map((section) => ({ path: [section, '__proto__'], message: 'got __proto__, expected another name', isKey: true }));
  const checks = [
    checkStages,
    checkColumns,
    checkEntities,
    checkFeatures,
    checkSequences,
    checkTableSizes,
    checkModelType,
    checkTowers,
    checkDelays,
    checkSettings,
    checkScoring,
  ];
  return [draft.mistakes, hidden, ...checks.map((check) => check(draft))].flat();
}
