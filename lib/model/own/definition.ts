/** What a user's model file is written with: `export default defineModel(({ tf, inputs, layers }) => ...)`. */
import type * as tf from '@tensorflow/tfjs-core';
import type { StageGraph } from '../stage-graph.ts';
import type { Input } from './input.ts';
import type { Layers } from './layers.ts';
import { ModelError } from './model-error.ts';

/**
 * Values by tower of the funnel. A stage has a tower of its name; of exclusive stages and of stages that several lead to,
 * `entirespace validate` shows the names.
 */
export interface ByTower<T> {
  readonly click: T;
  readonly conversion: T;
  readonly [tower: string]: T;
}

/** What the function of a model is given. */
export interface ModelContext {
  /** TensorFlow.js, whose operations the model is written in: `tf.matMul(a, b)`, not `a.matMul(b)`. */
  readonly tf: typeof tf;
  /** The input of each tower; with shared tables it is the same for all. */
  readonly inputs: ByTower<Input>;
  /** The input that all towers share; not with `tables: 'by-tower'`. */
  readonly input: Input;
  /** Layers, which make their parameters by name. */
  readonly layers: Layers;
  /** `model.hidden_units` of the declaration. */
  readonly hiddenUnits: readonly number[];
  /** The stages, their towers and the outputs. */
  readonly graph: StageGraph;
}

/**
 * The function of a model: returns the logits of every tower, [batch, 1], or one column for each stage of a tower that
 * predicts several, and the tensors that `extras` names. It is run several times, and must compute the same each time:
 * a row's values from that row alone.
 */
export type ModelFunction = (context: ModelContext) => Readonly<Record<string, tf.Tensor>>;

/** What `losses` and `outputs` are given. */
export interface LogitsContext {
  readonly tf: typeof tf;
  /** What the model's function has returned. */
  readonly logits: ByTower<tf.Tensor>;
  readonly graph: StageGraph;
  /** Returns the logit [batch, 1] of reaching a stage from another, by default from the root. */
  reach(stage: string, from?: string): tf.Tensor;
}

/** What `losses` is given. */
export interface LossContext extends LogitsContext {
  /** 1 where the row reached the stage, else 0, [batch, 1], by labelled stage. */
  readonly labels: ByTower<tf.Tensor>;
  /** Returns the cross-entropy of labels with the probabilities of logits, [batch, 1]. */
  crossEntropy(label: tf.Tensor, logit: tf.Tensor): tf.Tensor;
}

/** A term of the objective: the mean of a value over the rows whose label of a stage is known. */
export interface RowLoss {
  /** The value of each row, [batch, 1]. */
  readonly rows: tf.Tensor;
  /** The labelled stage whose known rows count. */
  readonly stage: string;
  /** Factor in the total. @default the stage's `weight` in the declaration */
  readonly weight?: number;
}

/** What a model may define besides its function. */
export interface ModelOptions {
  /**
   * Whether the towers look up the same embeddings, or each has a copy of every table to itself.
   * @default shared
   */
  readonly tables?: 'shared' | 'by-tower';
  /** Names of tensors that the function returns besides the logits, [batch, n], for `losses` and `outputs`. */
  readonly extras?: readonly string[];
  /**
   * Returns the terms of the objective by name: each row's loss [batch, 1], under the name of a labelled stage or with
   * the stage that it belongs to.
   * @default ESMM's: the cross-entropy of reaching each labelled stage from the root
   */
  readonly losses?: (context: LossContext) => Readonly<Record<string, tf.Tensor | RowLoss>>;
  /**
   * Returns probabilities [batch, 1] by the names of the outputs; those that it leaves out are computed from the logits.
   * @default computed from the logits of the towers
   */
  readonly outputs?: (context: LogitsContext) => Readonly<Record<string, tf.Tensor>>;
}

/** A model as a user's file defines it; only `defineModel` makes one. */
export class ModelDefinition {
  readonly build: ModelFunction;
  readonly options: ModelOptions;
  /** The stack at the call of `defineModel`, which tells its place. */
  readonly stack: string;

  /** @throws {ModelError} where the function is none, or an option is wrong. */
  constructor(build: ModelFunction, options: ModelOptions, stack: string) {
    checkFunction('defineModel', build);
    for (const [name, value] of Object.entries(options)) checkOption(name, value);
    this.build = build;
    this.options = options;
    this.stack = stack;
  }
}

/**
 * Defines a model in a file of its own, which the declaration names: `model: { file: ./my-model.ts }`.
 *
 *     export default defineModel(({ inputs, layers }) => ({
 *       click: layers.tower('click', inputs.click),
 *       conversion: layers.tower('conversion', inputs.conversion),
 *     }));
 *
 * @throws {ModelError} where the function is none, or an option is wrong.
 */
export function defineModel(build: ModelFunction, options: ModelOptions = {}): ModelDefinition {
  return new ModelDefinition(build, options, new Error('place').stack ?? '');
}

const OPTIONS = ['tables', 'extras', 'losses', 'outputs'] as const satisfies readonly (keyof ModelOptions)[];

function checkOption(name: string, value: unknown): void {
  switch (name) {
    case 'losses':
    case 'outputs':
      if (value !== undefined) checkFunction(name, value);
      return;
    case 'tables':
      if (value === undefined || value === 'shared' || value === 'by-tower') return;
      throw new ModelError(`tables: got ${JSON.stringify(value)}, expected "shared" or "by-tower"`);
    case 'extras':
      if (value === undefined || (Array.isArray(value) && value.every((one) => typeof one === 'string'))) return;
      throw new ModelError(`extras: got ${JSON.stringify(value)}, expected a list of names`);
    default:
      throw new ModelError(`defineModel: got option ${name}, expected ${OPTIONS.join(', ')}`);
  }
}

function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw new ModelError(`${name}: got ${typeof value}, expected a function`);
  const kind = value.constructor.name;
  if (kind !== 'Function')
    throw new ModelError(`${name}: got ${kind}, expected a plain function, because nothing can be awaited in a trace`);
}
