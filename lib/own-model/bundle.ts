/**
 * Makes one script of a user's model file and of everything that it imports. The script is the model: it is what runs,
 * what is hashed, and what a version keeps for the record. TF.js and the layers are not in it, so that they are ours.
 */
import { createHash } from 'node:crypto';
import { builtinModules } from 'node:module';
import { join, resolve } from 'node:path';
import type { BuildFailure, Message, OutputFile, Plugin } from 'esbuild';
import { byteText } from '../numbers/text.ts';
import { ModelFileError } from './model-file-error.ts';

/** Modules that a model is given when it runs; of both there must be one copy in a process. */
export const GIVEN_MODULES = ['entirespace/model', '@tensorflow/tfjs-core'] as const;

/** A model file as one script. */
export interface Bundle {
  /** CommonJS, of which `module.exports.default` is the model. */
  readonly code: string;
  /** SHA-256 of the code, hex. */
  readonly sha256: string;
  /** Source map, JSON: which lines of which files the code is made of, and their text. */
  readonly map: string;
}

/** Where a model file is, and how its folder is called in messages. */
export interface ModelPath {
  /** Folder of the declaration, which the path is relative to. */
  readonly folder: string;
  /** Path of the file in the declaration. */
  readonly file: string;
  /** The folder as the user knows it. */
  readonly shownFolder: string;
}

const MOST_BYTES = 8 * 2 ** 20;

/**
 * Bundles a model file.
 * @throws {ModelFileError} with every place where it does not compile, or imports what it cannot have.
 */
export async function bundleModel(path: ModelPath): Promise<Bundle> {
  // It starts a process of its own, which only those who have a model file should wait for.
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [resolve(path.folder, path.file)],
    absWorkingDir: resolve(path.folder),
    outfile: resolve(path.folder, 'own-model.js'),
    write: false,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    sourcemap: 'external',
    charset: 'utf8',
    legalComments: 'none',
    // The script must be the same on every machine, whatever files are in the folders above.
    tsconfigRaw: '{}',
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [imports()],
    logLevel: 'silent',
  }).catch((cause: BuildFailure) => {
    throw compileError(path, cause);
  });
  const code = textOf(outputFiles, '.js');
  if (Buffer.byteLength(code) > MOST_BYTES)
    throw new ModelFileError(shown(path, path.file), [
      {
        line: 1,
        column: 1,
        path: '',
        message: `is ${byteText(Buffer.byteLength(code))} with its imports, expected at most 8 MiB`,
      },
    ]);
  return { code, sha256: createHash('sha256').update(code).digest('hex'), map: textOf(outputFiles, '.map') };
}

/** Returns the path of a file of the model as messages show it. */
export function shown({ shownFolder }: Pick<ModelPath, 'shownFolder'>, file: string): string {
  return join(shownFolder, file);
}

/** Lets a model import files, packages and what it is given; nothing that reads a machine, and no second TF.js. */
function imports(): Plugin {
  return {
    name: 'imports',
    setup({ onResolve }) {
      onResolve({ filter: /^(node:|[\w@])/ }, ({ path, kind }) => {
        if (kind === 'entry-point') return null;
        if ((GIVEN_MODULES as readonly string[]).includes(path)) return { path, external: true };
        if (path.startsWith('node:') || builtinModules.includes(path))
          return refused(path, 'expected nothing of Node.js: a model depends on its inputs and parameters alone');
        if (path.startsWith('@tensorflow/')) return refused(path, `expected ${GIVEN_MODULES[1]}`);
        if (/^entirespace(\/|$)/.test(path)) return refused(path, `expected ${GIVEN_MODULES[0]}`);
        return null;
      });
    },
  };
}

function refused(path: string, expected: string) {
  return { errors: [{ text: `imports ${path}, ${expected}` }] };
}

function compileError(path: ModelPath, cause: BuildFailure): Error {
  // Other failures have no places: the disk, or esbuild itself.
  if (!Array.isArray(cause.errors)) return cause;
  const files = cause.errors.map(({ location }) => location?.file ?? path.file);
  const [file = path.file] = files;
  const inFile = cause.errors.filter((_, i) => files[i] === file);
  return new ModelFileError(shown(path, file), inFile.map(problemOf), { cause });
}

function problemOf({ text, location }: Message) {
  const { line = 1, column = 0, lineText = '' } = location ?? {};
  // esbuild counts the bytes of a line.
  const before = Buffer.from(lineText).subarray(0, column).toString();
  return { line, column: before.length + 1, path: '', message: uncapitalised(text) };
}

function uncapitalised(text: string): string {
  return `${text.slice(0, 1).toLowerCase()}${text.slice(1)}`;
}

function textOf(files: readonly OutputFile[], ending: string): string {
  return (files.find(({ path }) => path.endsWith(ending)) as OutputFile).text;
}
