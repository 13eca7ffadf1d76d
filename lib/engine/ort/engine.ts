/**
 * The training engine on onnxruntime. One traced graph computes the losses and gradients of a step, on as many threads
 * as there are, each with some of the rows.
 */
import { onnxBytes } from '../../graph/onnx-file.ts';
import type { Model } from '../../model/model.ts';
import type { EngineOptions, TrainingEngine } from '../engine.ts';
import { EngineMemory } from '../memory/engine-memory.ts';
import { type PlannedMemory, planMemory } from '../memory/plan-memory.ts';
import { StepEngine } from '../step/step-engine.ts';
import { traceLoss, traceStep } from './step-model.ts';
import { openTeam } from './team.ts';

/** Traces the model, allocates the memory, with all weights at 0, and starts the threads. */
export async function createOrtEngine(
  model: Model,
  options: EngineOptions,
  planned: PlannedMemory = planMemory(model, options),
): Promise<TrainingEngine> {
  const memory = await EngineMemory.create(options, planned);
  const { dropout, sharedEntity } = options;
  const hasMasks = dropout > 0;
  const { graph, losses } = traceStep(model, { hasMasks, shared: null });
  const shared = sharedEntity === undefined ? null : traceStep(model, { hasMasks, shared: sharedEntity }).graph;
  const team = await openTeam({
    shared: memory.memory.shared,
    parts: memory.parts,
    options,
    losses: losses.map(({ name }) => name),
    graphs: { step: onnxBytes(graph), loss: onnxBytes(traceLoss(model)), shared: shared && onnxBytes(shared) },
  });
  return new StepEngine({ model, losses, memory, team });
}
