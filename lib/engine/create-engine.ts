import type { Model } from '../model/model.ts';
import type { EngineOptions, TrainingEngine } from './engine.ts';
import { OrtEngine } from './ort/engine.ts';

/** Makes the engine that trains a model. Its weights are all 0 until `load` sets them. */
export function createEngine(model: Model, options: EngineOptions): Promise<TrainingEngine> {
  return OrtEngine.create(model, options);
}
