import { dirname } from 'node:path';
import type { Declaration } from '../../lib/config/declaration.ts';
import { readDeclaration } from '../../lib/config/parse-declaration.ts';
import type { ModelFile } from '../../lib/own-model/model-file.ts';
import { type Io, pathIn } from '../terminal/io.ts';

/** A declaration as a person wrote it, with the model that is in a file of its own, if any. */
export interface Project {
  readonly declaration: Declaration;
  readonly text: string;
  readonly modelFile: ModelFile | null;
}

/**
 * Reads a declaration, and reads and checks the model file that it names.
 * @throws {DeclarationError | ModelFileError} with every mistake in the one, or the first in the other.
 */
export async function readProject(io: Pick<Io, 'cwd'>, path: string): Promise<Project> {
  const file = pathIn(io, path);
  const { declaration, text } = await readDeclaration(file, path);
  if (declaration.model.file === null) return { declaration, text, modelFile: null };
  // TensorFlow.js takes longer to load than a declaration to check.
  const { loadModelFile } = await import('../../lib/own-model/model-file.ts');
  const modelFile = await loadModelFile({ declaration, text, fileName: path, folder: dirname(file) });
  return { declaration, text, modelFile };
}
