/**
 * The declaration of a model version: its text in `declaration.yaml`, and in `declaration.json` what a build made of it.
 * The same build need not parse the text again: to load a YAML parser and the declaration's schema, and to run both,
 * takes longer than all else that a version's small files do.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Declaration } from '../config/declaration.ts';
import { DECLARATION_FILE } from '../contract/bucket.ts';
import { BUILD, type BuildOptions } from '../contract/build.ts';
import { ifThere } from '../store/errno.ts';
import { digestText } from '../workers/file-digest.ts';

/** Contents of `declaration.json`. */
interface ResolvedFile {
  /** `resolvedMark` of what wrote it. */
  readonly writtenBy: string;
  /** With every default filled in. */
  readonly declaration: Declaration;
}

const RESOLVED_FILE = 'declaration.json';

/**
 * Writes a declaration's text into a folder; a build writes what it makes of the text beside it.
 * @throws {DeclarationError} with every mistake in the text.
 */
export async function writeDeclaration(
  folder: string,
  text: string,
  { build = BUILD }: BuildOptions = {},
): Promise<void> {
  if (build !== null) await writeResolved(folder, text, build);
  await writeFile(join(folder, DECLARATION_FILE), text);
}

async function writeResolved(folder: string, text: string, build: string): Promise<void> {
  const { parseDeclaration } = await import('../config/parse-declaration.ts');
  const file: ResolvedFile = {
    writtenBy: resolvedMark(build, text),
    declaration: parseDeclaration(text, DECLARATION_FILE),
  };
  await writeFile(join(folder, RESOLVED_FILE), `${JSON.stringify(file)}\n`);
}

/**
 * Reads the declaration of a version's folder, and parses it unless this build has.
 * @throws {DeclarationError} where the declaration is not one that this release reads.
 */
export async function readDeclarationFiles(folder: string, { build = BUILD }: BuildOptions = {}): Promise<Declaration> {
  const path = join(folder, DECLARATION_FILE);
  if (build !== null) {
    const read = [path, join(folder, RESOLVED_FILE)].map((file) => ifThere(readFile(file, 'utf8')));
    const [text, resolved] = await Promise.all(read);
    if (text != null && resolved != null) {
      const { writtenBy, declaration }: ResolvedFile = JSON.parse(resolved);
      if (writtenBy === resolvedMark(build, text)) return declaration;
    }
  }
  const { readDeclaration } = await import('../config/parse-declaration.ts');
  return (await readDeclaration(path)).declaration;
}

/** Returns what identifies a build together with a text: whatever has the same mark makes the same of it. */
function resolvedMark(build: string, text: string): string {
  return digestText(JSON.stringify([build, text]));
}
