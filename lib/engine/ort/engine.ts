/**
 * The training engine on onnxruntime. One traced graph computes the losses and gradients of a step, on as many threads
 * as there are, each with some of the rows.
 */
import { onnxBytes } from '../../graph/onnx-file.ts';
import type { Model } from '../../model/model.ts';
import type { Batch, EngineOptions, EngineState, LossTerm, TrainingEngine, Weights } from '../engine.ts';
import { EngineMemory } from '../memory/engine-memory.ts';
import { openTeam, type Team } from '../step/team.ts';
import { traceLoss, traceStep } from './step-model.ts';

/** Trains a model with onnxruntime. */
export class OrtEngine implements TrainingEngine {
  readonly model: Model;
  readonly losses: readonly LossTerm[];
  readonly #memory: EngineMemory;
  readonly #team: Team;
  #step = 0;

  private constructor(model: Model, losses: readonly LossTerm[], memory: EngineMemory, team: Team) {
    this.model = model;
    this.losses = losses;
    this.#memory = memory;
    this.#team = team;
  }

  /** Traces the model, allocates the memory, with all weights at 0, and starts the threads. */
  static async create(model: Model, options: EngineOptions): Promise<OrtEngine> {
    const memory = await EngineMemory.create(model, options);
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
    return new OrtEngine(model, losses, memory, team);
  }

  get steps(): number {
    return this.#step;
  }

  get touched(): Readonly<Record<string, Uint8Array>> {
    return this.#memory.touched;
  }

  async train(batch: Batch): Promise<Record<string, number>> {
    this.#memory.writeBatch(batch);
    this.#step += 1;
    return this.#team.run({ kind: 'train', step: this.#step, ...rowsOf(batch) });
  }

  async loss(batch: Batch): Promise<Record<string, number>> {
    if (batch.shared !== undefined) throw new RangeError('batch: got shared rows, expected all inputs of each row');
    this.#memory.writeBatch(batch);
    return this.#team.run({ kind: 'loss', step: this.#step, ...rowsOf(batch) });
  }

  weights(): Weights {
    return this.#memory.weights();
  }

  load(weights: Weights): void {
    this.#memory.load(weights);
  }

  state(): EngineState {
    return { step: this.#step, arrays: this.#memory.arrays() };
  }

  async restore(step: number, fill: (name: string, into: Uint8Array) => Promise<void>): Promise<void> {
    for (const [name, bytes] of this.#memory.arrays()) await fill(name, bytes);
    this.#step = step;
  }

  async release(): Promise<void> {
    await this.#team.release();
  }
}

function rowsOf({ rows, shared }: Batch): { readonly rows: number; readonly distinct: number | null } {
  return { rows, distinct: shared?.distinct ?? null };
}
