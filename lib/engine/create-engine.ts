/** The engine of this installation: the one place that knows which engines there are. */
import type { CreateEngine } from './engine.ts';
import { OrtEngine } from './ort/engine.ts';

export const createEngine: CreateEngine = OrtEngine.create;
