/** The settings that a search varies, each with the values that it draws from. */
import type { Declaration } from '../config/declaration.ts';
import { WINDOW_ROWS } from '../contract/limits.ts';
import { batchSizeFor } from '../training/rows/batch-size.ts';

/** A value of a setting, as it is written in the file. */
export type KnobValue = number | readonly number[];

/** A setting that is searched over. */
export interface Knob {
  /** Its place in the file: section and key. */
  readonly path: readonly [section: string, key: string];
  /** Returns the value that is declared; `rows` is the number of training rows. */
  declared(declaration: Declaration, rows: number): KnobValue;
  /** Returns the value for a number that is uniform in [0, 1). */
  draw(uniform: number, declared: KnobValue, rows: number): KnobValue;
  /** Returns the declaration with a value in place of its own. */
  apply(declaration: Declaration, value: KnobValue): Declaration;
}

/** Learning rates: a tenth of the declared one to ten times as much. */
const RATE_FACTOR = 10;
const L2 = { least: 1e-5, most: 0.3, none: 0.25 } as const;
const DROPOUTS = [0, 0.1, 0.2, 0.3, 0.5] as const;
const WIDTHS = [0.5, 1, 2] as const;
const BATCHES = [0.25, 0.5, 1, 2] as const;
const LEAST_BATCH = 16;
const MOST_UNITS = 16_384;

/** The settings that `tune` varies, for every model: learning rate, L2 on embeddings, dropout, width and batch. */
export const KNOBS: readonly Knob[] = [
  {
    path: ['training', 'learning_rate'],
    declared: ({ training }) => training.learningRate,
    draw: (uniform, declared) => logUniform(uniform, Number(declared) / RATE_FACTOR, Number(declared) * RATE_FACTOR),
    apply: (declaration, value) => withTraining(declaration, { learningRate: Number(value) }),
  },
  {
    path: ['training', 'l2_embeddings'],
    declared: ({ training }) => training.l2Embeddings,
    // No penalty is a value of its own, which a logarithmic scale does not have.
    draw: (uniform) => (uniform < L2.none ? 0 : logUniform((uniform - L2.none) / (1 - L2.none), L2.least, L2.most)),
    apply: (declaration, value) => withTraining(declaration, { l2Embeddings: Number(value) }),
  },
  {
    path: ['training', 'dropout'],
    declared: ({ training }) => training.dropout,
    draw: (uniform) => oneOf(uniform, DROPOUTS),
    apply: (declaration, value) => withTraining(declaration, { dropout: Number(value) }),
  },
  {
    path: ['model', 'hidden_units'],
    declared: ({ model }) => model.hiddenUnits,
    draw: (uniform, declared) => {
      const factor = oneOf(uniform, WIDTHS);
      return (declared as readonly number[]).map((units) => clamp(Math.round(units * factor), 1, MOST_UNITS));
    },
    apply: (declaration, value) => ({
      ...declaration,
      model: { ...declaration.model, hiddenUnits: [...(value as readonly number[])] },
    }),
  },
  {
    path: ['training', 'batch_size'],
    declared: ({ training }, rows) => batchSizeFor(training.batchSize, rows),
    draw: (uniform, declared, rows) => {
      const most = clamp(rows / 10, LEAST_BATCH, WINDOW_ROWS);
      return Math.floor(clamp(Number(declared) * oneOf(uniform, BATCHES), LEAST_BATCH, most));
    },
    apply: (declaration, value) => withTraining(declaration, { batchSize: Number(value) }),
  },
];

/** Returns the name of a setting: `training.dropout`. */
export function knobName({ path }: Pick<Knob, 'path'>): string {
  return path.join('.');
}

function withTraining(declaration: Declaration, changes: Partial<Declaration['training']>): Declaration {
  return { ...declaration, training: { ...declaration.training, ...changes } };
}

/** Three significant digits are enough of a setting that is to be read and pasted. */
function logUniform(uniform: number, least: number, most: number): number {
  return Number((least * (most / least) ** uniform).toPrecision(3));
}

function oneOf<T>(uniform: number, values: readonly T[]): T {
  return values[Math.floor(uniform * values.length)] as T;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
