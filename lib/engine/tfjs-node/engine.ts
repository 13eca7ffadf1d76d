/**
 * The training engine on `@tensorflow/tfjs-node`. It runs the model's functions as they are written, so that a debugger
 * can step through them, and nothing is traced. Weights and optimizer are those of the other engine.
 */
import type { Model } from '../../model/model.ts';
import type { EngineOptions, TrainingEngine } from '../engine.ts';
import { EngineMemory } from '../memory/engine-memory.ts';
import { planMemory } from '../memory/plan-memory.ts';
import { StepMember } from '../step/member.ts';
import { StepEngine } from '../step/step-engine.ts';
import { lossesFunction, trainFunction } from '../step/step-functions.ts';
import { EagerGraph, lossTerms } from './eager-graph.ts';
import { loadTfjsNode } from './load.ts';

/**
 * Allocates the memory, with all weights at 0. The steps are made by the thread that calls; inside of an operation,
 * TensorFlow has as many threads as the options of the first engine of the process say.
 * @throws {EngineNotInstalledError} where the package is absent, of another version, or without its library.
 */
export async function createTfjsNodeEngine(model: Model, given: EngineOptions): Promise<TrainingEngine> {
  loadTfjsNode(given);
  const options = { ...given, threads: 1 };
  const memory = await EngineMemory.create(options, planMemory(model, options));
  const { dropout, sharedEntity } = options;
  const hasMasks = dropout > 0;
  const loss = lossesFunction(model);
  const losses = lossTerms(loss);
  const setup = { shared: memory.memory.shared, parts: memory.parts, options, losses: losses.map(({ name }) => name) };
  const team = await StepMember.open(setup, 0, {
    step: new EagerGraph(trainFunction(model, { hasMasks, shared: null })),
    loss: new EagerGraph(loss),
    shared:
      sharedEntity === undefined ? null : new EagerGraph(trainFunction(model, { hasMasks, shared: sharedEntity })),
  });
  return new StepEngine({ model, losses, memory, team });
}
