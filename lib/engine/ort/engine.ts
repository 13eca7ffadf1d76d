/**
 * The training engine on onnxruntime. One traced graph computes the losses and gradients of a step; it reads the
 * weights from the engine's memory and writes the gradients to it, without a copy.
 */
import { onnxBytes } from '../../graph/onnx-file.ts';
import type { Model } from '../../model/model.ts';
import { dropoutMasks } from '../dropout.ts';
import type { Batch, EngineOptions, EngineState, LossTerm, TrainingEngine, Weights } from '../engine.ts';
import { EngineMemory } from '../memory/engine-memory.ts';
import { type NamedTensor, Session, type TensorData } from './session.ts';
import {
  EMBEDDED,
  EMBEDDED_GRADIENT,
  gradientName,
  labelName,
  lossName,
  maskName,
  numberName,
  parameterName,
  traceLoss,
  traceStep,
  weightName,
} from './step-model.ts';

/** Trains a model with onnxruntime. */
export class OrtEngine implements TrainingEngine {
  readonly model: Model;
  readonly losses: readonly LossTerm[];
  readonly touched: Readonly<Record<string, Uint8Array>>;
  readonly #options: EngineOptions;
  readonly #memory: EngineMemory;
  readonly #stepSession: Session;
  readonly #lossSession: Session;
  #step = 0;

  private constructor(
    model: Model,
    options: EngineOptions,
    losses: readonly LossTerm[],
    memory: EngineMemory,
    sessions: { readonly step: Session; readonly loss: Session },
  ) {
    this.model = model;
    this.losses = losses;
    this.touched = memory.touched;
    this.#options = options;
    this.#memory = memory;
    this.#stepSession = sessions.step;
    this.#lossSession = sessions.loss;
  }

  /** Traces the model and allocates the memory, with all weights at 0. */
  static async create(model: Model, options: EngineOptions): Promise<OrtEngine> {
    const memory = await EngineMemory.create(model, options);
    const { threads, dropout } = options;
    const { graph, losses } = traceStep(model, dropout > 0);
    const step = await Session.open(onnxBytes(graph), { threads });
    const loss = await Session.open(onnxBytes(traceLoss(model)), { threads });
    return new OrtEngine(model, options, losses, memory, { step, loss });
  }

  get steps(): number {
    return this.#step;
  }

  async train(batch: Batch): Promise<Record<string, number>> {
    this.#memory.gather(batch);
    this.#step += 1;
    const inputs = { ...this.#inputs(batch), ...this.#masks(batch.rows) };
    const outputs = await this.#stepSession.run(inputs, this.#gradients(batch.rows));
    this.#memory.update(batch.rows, this.#step);
    return this.#losses(outputs);
  }

  async loss(batch: Batch): Promise<Record<string, number>> {
    this.#memory.gather(batch);
    return this.#losses(await this.#lossSession.run(this.#inputs(batch)));
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
    await this.#stepSession.release();
    await this.#lossSession.release();
  }

  #inputs(batch: Batch): Record<string, NamedTensor> {
    const { graph, layout, embeddings, network } = this.model;
    const { rows } = batch;
    const inputs: Record<string, NamedTensor> = {};
    if (embeddings.width > 0) inputs[EMBEDDED] = { data: this.#memory.embedded(rows), shape: [rows, embeddings.width] };
    for (const { name } of layout.numbers)
      inputs[numberName(name)] = { data: batch.numbers[name] as Float32Array, shape: [rows] };
    for (const { name } of graph.labelled) {
      inputs[labelName(name)] = { data: batch.labels[name] as Float32Array, shape: [rows, 1] };
      inputs[weightName(name)] = { data: batch.weights[name] as Float32Array, shape: [rows, 1] };
    }
    for (const { name, shape } of network.parameters)
      inputs[parameterName(name)] = { data: this.#memory.parameter(name), shape };
    return inputs;
  }

  #masks(rows: number): Record<string, NamedTensor> {
    const { dropout, seed } = this.#options;
    if (dropout === 0) return {};
    const { masks } = this.model.network;
    const drawn = dropoutMasks(masks, rows, { rate: dropout, seed, step: this.#step });
    return Object.fromEntries(
      masks.map(({ name, units }) => [maskName(name), { data: drawn[name] as Float32Array, shape: [rows, units] }]),
    );
  }

  /** The arrays of the engine's memory that onnxruntime writes the gradients to. */
  #gradients(rows: number): Record<string, NamedTensor> {
    const { embeddings, network } = this.model;
    const into: Record<string, NamedTensor> = {};
    for (const { name, shape } of network.parameters)
      into[gradientName(name)] = { data: this.#memory.parameterGradient(name), shape };
    if (embeddings.width > 0)
      into[EMBEDDED_GRADIENT] = { data: this.#memory.embeddedGradient(rows), shape: [rows, embeddings.width] };
    return into;
  }

  #losses(outputs: Readonly<Record<string, TensorData>>): Record<string, number> {
    return Object.fromEntries(this.losses.map(({ name }) => [name, Number(outputs[lossName(name)]?.[0])]));
  }
}
