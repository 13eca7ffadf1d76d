/** Chooses the training engine; no other file outside the engine's own names one. */
import type { CreateEngine } from './engine.ts';
import { OrtEngine } from './ort/engine.ts';

/** Creates the engine that all trainings use. */
export const createEngine: CreateEngine = OrtEngine.create;
