/** Chooses the training engine. No other file outside the engine's folder refers to a particular engine. */
import type { CreateEngine } from './engine.ts';
import { engineBytes } from './memory/engine-memory.ts';
import { OrtEngine } from './ort/engine.ts';

/** Creates the engine that all trainings use. */
export const createEngine: CreateEngine = OrtEngine.create;

/** Returns the memory that such an engine would take, and the batches that it would train on. */
export const plannedBytes = engineBytes;
