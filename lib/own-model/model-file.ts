/** A declaration's model file: found, bundled, run, checked, and ready to make the network of a training. */
import { stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Declaration } from '../config/declaration.ts';
import { mistakeAt } from '../config/parse-declaration.ts';
import { traceLoss } from '../engine/ort/step-model.ts';
import { declaredModel, type Model, type NetworkOf } from '../model/model.ts';
import type { ParameterSpec } from '../model/network.ts';
import { byteText } from '../numbers/text.ts';
import { type Bundle, bundleModel, type ModelPath } from './bundle.ts';
import { checkModel } from './check.ts';
import { loadDefinition } from './definition.ts';
import { networkOf } from './network.ts';
import { presumedInputs } from './presumed.ts';
import { ImpureError } from './pure.ts';

/** A user's model, which a declaration names. */
export interface ModelFile {
  /** Path of the file, as the declaration has it. */
  readonly file: string;
  /** The script that the model is, its digest, and what it was made of. */
  readonly bundle: Bundle;
  readonly networkOf: NetworkOf;
  /** The model's parameters, for the columns that the declaration has. */
  readonly parameters: readonly ParameterSpec[];
}

/** A declaration as a person wrote it, and where. */
export interface DeclarationFile {
  readonly declaration: Declaration;
  readonly text: string;
  /** Its path as messages show it. */
  readonly fileName: string;
  /** Folder that the path of its model file begins at. */
  readonly folder: string;
  /** That folder as messages show it. @default the folder of `fileName` */
  readonly shownFolder?: string;
  /** Whether it must state the digest of its model, because the one may change without the other. @default false */
  readonly needsDigest?: boolean;
}

/** Names of the files of a version that hold its model's script and source map, for the record: nothing runs them. */
const [SCRIPT_FILE, MAP_FILE] = ['own-model.js', 'own-model.js.map'] as const;
const MOST_BYTES = 2 ** 20;

/**
 * Reads and checks the model file of a declaration; returns `null` where it names none. The file is run, in this process
 * and with its rights: it must never come from where others can write, such as a bucket.
 * @throws {DeclarationError} where the declaration names no file that can be read, or one of another digest.
 * @throws {ModelFileError} where the file does not define a model that can be trained and scored.
 */
export async function loadModelFile(source: DeclarationFile): Promise<ModelFile | null> {
  const { declaration, fileName, folder } = source;
  const { file } = declaration.model;
  if (file === null) return null;
  const path: ModelPath = { file, folder, shownFolder: source.shownFolder ?? dirname(fileName) };
  await assertReadable(source, path);
  const bundle = await bundleModel(path);
  assertDigest(source, path, bundle);
  // Each is run from its start, so that nothing which one run leaves behind can be taken for a constant.
  const [loaded, again] = [loadDefinition(bundle, path), loadDefinition(bundle, path)];
  const { inputs, tables } = presumedInputs(declaration);
  const modelBy = (own: NetworkOf) => declaredModel(declaration, inputs, tables, own);
  const model = modelBy(networkOf(loaded));
  const other = modelBy(networkOf(again));
  loaded.traced(() => assertSame(model, other));
  await checkModel(model, inputs, loaded);
  return { file, bundle, networkOf: networkOf(loaded), parameters: model.network.parameters };
}

/** Writes a model's script and its source map, with the user's own text, into the folder of a version. */
export async function writeModelFile({ bundle }: ModelFile, folder: string): Promise<void> {
  await writeFile(join(folder, SCRIPT_FILE), bundle.code);
  await writeFile(join(folder, MAP_FILE), bundle.map);
}

async function assertReadable(source: DeclarationFile, { folder, file, shownFolder }: ModelPath): Promise<void> {
  const path = resolve(folder, file);
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const isAbsent = cause.code === 'ENOENT' || cause.code === 'ENOTDIR';
    const why = isAbsent ? `no file ${join(shownFolder, file)}` : `which cannot be read: ${cause.code}`;
    throw mistake(source, 'file', `got ${file}, ${why}`);
  });
  if (!found.isFile()) throw mistake(source, 'file', `got ${file}, which is no file`);
  if (found.size > MOST_BYTES)
    throw mistake(source, 'file', `got ${file} of ${byteText(found.size)}, expected a model's source of at most 1 MiB`);
}

function assertDigest(source: DeclarationFile, { shownFolder, file }: ModelPath, { sha256 }: Bundle): void {
  const { sha256: declared } = source.declaration.model;
  if (declared === sha256 || (declared === null && source.needsDigest !== true)) return;
  const own = `that of ${join(shownFolder, file)}, ${sha256}`;
  throw mistake(source, 'sha256', `${declared === null ? 'missing' : `got ${declared}`}, expected ${own}`);
}

function mistake({ text, fileName }: DeclarationFile, key: string, message: string): Error {
  return mistakeAt(text, fileName, { path: ['model', key], message });
}

function assertSame(one: Model, other: Model): void {
  if (!isDeepStrictEqual(traceLoss(one), traceLoss(other)))
    throw new ImpureError(
      'computes other constants in another run, expected a model that computes the same in every run',
    );
}
