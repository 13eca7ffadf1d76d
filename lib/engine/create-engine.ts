/** Chooses the training engine. No other file outside the engine's folder refers to a particular engine. */
import type { CreateEngine } from './engine.ts';
import { engineBytes } from './memory/engine-memory.ts';
import { createOrtEngine } from './ort/engine.ts';

/** Creates the engine that all trainings use. */
export const createEngine: CreateEngine = createOrtEngine;

/** Returns the memory that such an engine would take, and the batches that it would train on. */
export const plannedBytes = engineBytes;
