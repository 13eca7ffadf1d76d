import type { Model } from '../../model/model.ts';
import type { Batch, EngineState, Evaluation, LossTerm, TrainingEngine, Weights } from '../engine.ts';
import type { EngineMemory } from '../memory/engine-memory.ts';
import type { Losses, StepTask, Team } from './step-setup.ts';

/** What an engine is made of: the model's memory, and the threads that compute its steps. */
export interface EngineParts {
  readonly model: Model;
  readonly losses: readonly LossTerm[];
  readonly memory: EngineMemory;
  readonly team: Team;
}

/** A training engine whose weights and optimizer are in WebAssembly. What computes losses and gradients is its team's. */
export class StepEngine implements TrainingEngine {
  readonly model: Model;
  readonly losses: readonly LossTerm[];
  readonly #memory: EngineMemory;
  readonly #team: Team;
  #step = 0;
  /** What made a step fail, after which the weights may be updated in part. */
  #failure: { readonly error: unknown } | null = null;
  #isReleased = false;

  constructor({ model, losses, memory, team }: EngineParts) {
    this.model = model;
    this.losses = losses;
    this.#memory = memory;
    this.#team = team;
  }

  get steps(): number {
    return this.#step;
  }

  get touched(): Readonly<Record<string, Uint8Array>> {
    return this.#memory.touched;
  }

  async train(batch: Batch): Promise<Losses> {
    this.#memory.writeBatch(batch);
    this.#step += 1;
    return this.#run({ kind: 'train', step: this.#step, ...rowsOf(batch) });
  }

  async evaluate(batch: Batch): Promise<Evaluation> {
    if (batch.shared !== undefined) throw new RangeError('batch: got shared rows, expected all inputs of each row');
    this.#memory.writeBatch(batch);
    const losses = await this.#run({ kind: 'loss', step: this.#step, ...rowsOf(batch) });
    return { losses, probabilities: this.#memory.probabilities(batch.rows) };
  }

  weights(into?: Weights): Weights {
    return this.#memory.weights(into);
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
    this.#isReleased = true;
    await this.#team.release();
  }

  async #run(task: StepTask): Promise<Losses> {
    if (this.#isReleased) throw new Error('the engine was released before this step');
    if (this.#failure !== null) throw this.#failure.error;
    try {
      return await this.#team.run(task);
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}

function rowsOf({ rows, shared }: Batch): { readonly rows: number; readonly distinct: number | null } {
  return { rows, distinct: shared?.distinct ?? null };
}
