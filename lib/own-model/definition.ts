/** Runs a bundled model file up to its definition, and reports everything that goes wrong in it with its place. */
import { Console } from 'node:console';
import { compileFunction } from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import { UntraceableError } from '../graph/recorder.ts';
import * as door from '../model/door.ts';
import { ModelDefinition } from '../model/own/definition.ts';
import { ModelError } from '../model/own/model-error.ts';
import { type Bundle, GIVEN_MODULES, type ModelPath, shown } from './bundle.ts';
import { placingKernels } from './kernel-places.ts';
import { errorAt, ModelFileError, type Place } from './model-file-error.ts';
import { type PlaceOf, placesIn } from './places.ts';
import { closedProcess, ImpureError, runPure } from './pure.ts';

/** A definition, and the way to run a user's code. */
export interface LoadedDefinition {
  readonly definition: ModelDefinition;
  /**
   * Runs what calls the user's code.
   * @throws {ModelFileError} for everything that it throws, at its place, or else at that of the definition.
   */
  guarded<T>(work: () => T): T;
  /**
   * Runs what traces the user's code, and finds the place of every kernel that cannot be traced.
   * @throws {ModelFileError} as `guarded`.
   */
  traced<T>(work: () => T): T;
}

/**
 * Runs a model's script and returns the definition that it exports.
 * @throws {ModelFileError} where it throws, or exports no definition.
 */
export function loadDefinition(bundle: Bundle, path: ModelPath): LoadedDefinition {
  const script = `own-model:${bundle.sha256.slice(0, 16)}`;
  const placeOf = placesIn(script, bundle.map, (file) => shown(path, file));
  const start: Place = { file: shown(path, path.file), line: 1, column: 1 };
  const exported = guardedBy(placeOf, start, () => runScript(bundle.code, script));
  if (!(exported instanceof ModelDefinition))
    throw errorAt(start, `exports ${exportText(exported)}, expected export default defineModel(...)`);
  const place = placeOf(exported.stack) ?? start;
  return {
    definition: exported,
    guarded: (work) => guardedBy(placeOf, place, work),
    traced: (work) => guardedBy(placeOf, place, () => placingKernels(placeOf, work)),
  };
}

function runScript(code: string, script: string): unknown {
  const module: { exports: { readonly default?: unknown } } = { exports: {} };
  const given = { module, exports: module.exports, require: requireGiven, process: closedProcess(), console: toStderr };
  const run = compileFunction(code, Object.keys(given), { filename: script });
  run(...Object.values(given));
  return module.exports.default;
}

/** A user's notes must not get into what a command prints for scripts. */
const toStderr = new Console(process.stderr, process.stderr);

function requireGiven(name: string): unknown {
  const [model, tfjs] = GIVEN_MODULES;
  if (name === model) return door;
  if (name === tfjs) return tf;
  throw new ModelError(`require of ${name}: expected imports, which can be bundled`);
}

function guardedBy<T>(placeOf: PlaceOf, otherwise: Place, work: () => T): T {
  try {
    return runPure(work);
  } catch (error) {
    if (error instanceof ModelFileError) throw error;
    const place = placeOf(stackOf(error)) ?? otherwise;
    throw errorAt(place, messageOf(error), { cause: error });
  }
}

function stackOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  // Tracing names the kernel in an error of its own.
  return error instanceof UntraceableError && error.cause instanceof Error ? error.cause.stack : error.stack;
}

function messageOf(error: unknown): string {
  if (error instanceof ModelError || error instanceof ImpureError || error instanceof UntraceableError)
    return error.message;
  if (!(error instanceof Error)) return `throws ${JSON.stringify(error) ?? String(error)}`;
  const kernel = /^Kernel '(\w+)' not registered/.exec(error.message)?.[1];
  if (kernel !== undefined) return `no ONNX rule for the TF.js kernel ${kernel}`;
  const [line = ''] = error.message.split('\n');
  return `throws: ${line}`;
}

function exportText(value: unknown): string {
  if (value === undefined) return 'no default';
  return typeof value === 'function' ? 'a function as its default' : `${kindOf(value)} as its default`;
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
