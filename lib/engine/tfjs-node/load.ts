/**
 * Loads `@tensorflow/tfjs-node`, an optional package: it registers the backend `tensorflow` with TensorFlow.js. No type
 * is imported from it, so that the product compiles and runs without it.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';

/** The package, and the only version that is used: that of `@tensorflow/tfjs-core`, whose kernels it computes. */
const PACKAGE = '@tensorflow/tfjs-node';
export const TFJS_NODE_VERSION = '4.22.0';
/** Name of the backend that the package registers. */
export const BACKEND = 'tensorflow';

/** Thrown where the library of an engine is absent or of another version; the message names the command that installs it. */
export class EngineNotInstalledError extends Error {
  override readonly name = 'EngineNotInstalledError';
}

/** Loads a module by its name. */
type Require = (name: string) => unknown;

/**
 * Registers the backend, unless it is registered already.
 * @param threads TensorFlow's threads, for which the first engine of a process decides
 * @throws {EngineNotInstalledError} where the package is absent, of another version, or without a library that works here.
 */
export function loadTfjsNode(
  { threads }: { readonly threads: number },
  require: Require = createRequire(import.meta.url),
): void {
  if (tf.findBackendFactory(BACKEND) !== null) return;
  const version = installedVersion(require);
  if (version === null) throw notInstalled(`${PACKAGE} is not installed`);
  if (version !== TFJS_NODE_VERSION)
    throw notInstalled(`${PACKAGE} has version ${version}, expected ${TFJS_NODE_VERSION}`);
  // Of what TensorFlow writes to the terminal, only errors.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  process.env.TF_NUM_INTRAOP_THREADS ??= String(threads);
  addRemovedFunctions(require('node:util') as Record<string, unknown>);
  const previous = tf.getBackend();
  const gradients = registeredGradients();
  try {
    require(PACKAGE);
  } catch (cause) {
    throw notInstalled(`${PACKAGE} ${version} has no library that works here (${reasonOf(cause)})`, cause);
  }
  // The package registers TF.js's own gradients again, some of which the model's replace.
  for (const gradient of gradients) tf.registerGradient(gradient);
  // It makes its backend that of every later computation, such as a trace.
  if (previous) tf.setBackend(previous).catch(() => undefined);
}

/** Returns the versions of the package and, in a process that has loaded it, of TensorFlow's library. */
export function tfjsNodeVersions(): Record<string, string> {
  const backend = tf.findBackend(BACKEND) as unknown as { readonly binding: { readonly TF_Version: string } } | null;
  return { [PACKAGE]: TFJS_NODE_VERSION, ...(backend && { libtensorflow: backend.binding.TF_Version }) };
}

function installedVersion(require: Require): string | null {
  try {
    return (require(`${PACKAGE}/package.json`) as { readonly version: string }).version;
  } catch {
    return null;
  }
}

/** Returns the gradients of all kernels, whose names TensorFlow.js exports. */
function registeredGradients(): tf.GradConfig[] {
  const names = Object.values(tf as Readonly<Record<string, unknown>>).filter((value) => typeof value === 'string');
  return names.map((name) => tf.getGradient(name)).filter((gradient) => gradient !== undefined);
}

/** Adds two functions that the package calls, of which Node.js 23 and later lack the first. */
function addRemovedFunctions(util: Record<string, unknown>): void {
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}

function reasonOf(cause: unknown): string {
  const [line = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
  return line.trim().replace(/\.$/, '');
}

function notInstalled(what: string, cause?: unknown): EngineNotInstalledError {
  return new EngineNotInstalledError(`training engine tfjs-node: ${what} (${remedy()})`, { cause });
}

/** Returns the command that installs the package, by the script's place beside `dist/` or `lib/`; an image has no script. */
function remedy(): string {
  const paths = ['../scripts/', '../../../scripts/'].map((folder) =>
    fileURLToPath(new URL(`${folder}setup-tfjs-node.sh`, import.meta.url)),
  );
  const path = paths.find((each) => existsSync(each));
  if (path === undefined) return 'build the image with --build-arg TFJS_NODE=true';
  const short = relative(process.cwd(), path);
  return `run: bash ${short.startsWith('..') ? path : short}`;
}
