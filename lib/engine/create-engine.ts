/** Chooses the training engine. No other file outside the engines' folders refers to a particular engine. */
import type { EngineName } from '../config/engines.ts';
import type { Model } from '../model/model.ts';
import type { CreateEngine, EngineOptions, TrainingEngine } from './engine.ts';
import { type EngineBytes, engineBytes } from './memory/engine-memory.ts';
import type { PlanOptions } from './memory/memory-parts.ts';
import { createOrtEngine } from './ort/engine.ts';
import { createTfjsNodeEngine } from './tfjs-node/engine.ts';
import { loadTfjsNode, tfjsNodeVersions } from './tfjs-node/load.ts';

/** An engine, what must be there before it can be created, and what it depends on. */
interface EngineEntry {
  readonly create: CreateEngine;
  /** @throws {EngineNotInstalledError} */
  require(options: Pick<EngineOptions, 'threads'>): void;
  /** Versions of its libraries, besides those that every training uses. */
  versions(): Readonly<Record<string, string>>;
  /** Bytes that its threads and libraries take besides the model and the batch. */
  libraryBytes(threads: number): number;
}

const ENGINES: Readonly<Record<EngineName, EngineEntry>> = {
  // Whatever starts a training has loaded onnxruntime, because evaluation and export need it, too.
  onnxruntime: {
    create: createOrtEngine,
    require: () => undefined,
    versions: () => ({}),
    // Of Node.js and of the sessions of each worker thread; a single thread is the one that is there.
    libraryBytes: (threads) => (threads === 1 ? 0 : threads * 24 * 2 ** 20),
  },
  'tfjs-node': {
    create: createTfjsNodeEngine,
    require: loadTfjsNode,
    versions: tfjsNodeVersions,
    libraryBytes: () => 240 * 2 ** 20,
  },
};

/**
 * Creates an engine.
 * @throws {EngineNotInstalledError} if its library is not there.
 */
export function createEngine(name: EngineName, model: Model, options: EngineOptions): Promise<TrainingEngine> {
  return ENGINES[name].create(model, options);
}

/**
 * Checks, before a log is read, that an engine can be created.
 * @throws {EngineNotInstalledError} naming the command that installs it.
 */
export function requireEngine(name: EngineName, options: Pick<EngineOptions, 'threads'>): void {
  ENGINES[name].require(options);
}

/** Returns the versions of an engine's libraries, by name, besides those that every training uses. */
export function engineVersions(name: EngineName): Readonly<Record<string, string>> {
  return ENGINES[name].versions();
}

/** Returns the memory that an engine would take: the model, the batches that it would train on, and its libraries. */
export function plannedBytes(
  name: EngineName,
  model: Model,
  options: PlanOptions,
): EngineBytes & { readonly libraries: number } {
  return { ...engineBytes(model, options), libraries: ENGINES[name].libraryBytes(options.threads) };
}
