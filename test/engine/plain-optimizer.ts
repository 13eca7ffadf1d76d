/** The formulas of the optimizers as their papers write them, in float64, weight by weight. */
import type { Weights } from '../../lib/engine/engine.ts';
import type { OptimizerChoice } from '../../lib/engine/optimizers.ts';

interface RowUpdate {
  readonly weights: Float64Array;
  readonly gradient: Float64Array;
  /** Two state values for each weight; a rule may use fewer. */
  readonly state: readonly [Float64Array, Float64Array];
  readonly kind: 'dense' | 'sparse';
  readonly step: number;
  readonly rate: number;
  readonly momentum: number;
}

/** A model's weights and their updates: the reference for the engines' optimizers. */
export class PlainOptimizer {
  readonly #choice: OptimizerChoice;
  readonly #l2: number;
  readonly #parameters: Record<string, Row>;
  readonly #tables: Record<string, Row[]>;
  #step = 0;

  constructor(
    choice: OptimizerChoice,
    l2: number,
    { parameters, tables }: Weights,
    dimensions: Record<string, number>,
  ) {
    this.#choice = choice;
    this.#l2 = l2;
    this.#parameters = mapValues(parameters, (values) => newRow(values));
    this.#tables = Object.fromEntries(
      Object.entries(tables).map(([name, values]) => {
        const dimension = dimensions[name] as number;
        const rows = Array.from({ length: values.length / dimension }, (_, row) =>
          newRow(values.subarray(row * dimension, (row + 1) * dimension)),
        );
        return [name, rows];
      }),
    );
  }

  /**
   * Updates all parameters, and the rows of each table that a batch of so many rows trains, given how often each occurs.
   * `factor` is that of the learning rate.
   */
  update(
    gradients: Weights,
    { rows: size, trained }: { readonly rows: number; readonly trained: Occurrences },
    factor = 1,
  ): void {
    this.#step += 1;
    for (const [name, row] of Object.entries(this.#parameters))
      this.#updateRow(row, { gradient: gradients.parameters[name] as Float32Array, kind: 'dense', penalty: 0, factor });
    for (const [name, rows] of Object.entries(this.#tables))
      for (const [id, count] of trained[name] ?? []) {
        const row = rows[id] as Row;
        const length = row.weights.length;
        const gradient = (gradients.tables[name] as Float32Array).subarray(id * length, (id + 1) * length);
        this.#updateRow(row, { gradient, kind: 'sparse', penalty: (this.#l2 * count) / size, factor });
      }
  }

  /** Returns a copy of the weights, rounded to float32. */
  weights(): Weights {
    return {
      parameters: mapValues(this.#parameters, ({ weights }) => Float32Array.from(weights)),
      tables: mapValues(this.#tables, (rows) => Float32Array.from(rows.flatMap(({ weights }) => [...weights]))),
    };
  }

  #updateRow(row: Row, { gradient, kind, penalty, factor }: PenalisedGradient): void {
    const { type, learningRate, momentum = 0 } = this.#choice;
    RULES[type]({
      ...row,
      gradient: Float64Array.from(gradient, (value, i) => value + penalty * (row.weights[i] as number)),
      kind,
      step: this.#step,
      rate: learningRate * factor,
      momentum,
    });
  }
}

/** How often the rows of a table occur in a batch, by table and row. */
export type Occurrences = Readonly<Record<string, ReadonlyMap<number, number>>>;

interface PenalisedGradient {
  readonly gradient: Float32Array;
  readonly kind: 'dense' | 'sparse';
  /** Factor of the weights in the gradient of the L2 penalty. */
  readonly penalty: number;
  readonly factor: number;
}

type Row = Pick<RowUpdate, 'weights' | 'state'>;

const RULES: Readonly<Record<OptimizerChoice['type'], (update: RowUpdate) => void>> = {
  adam({ weights, gradient, state: [m, v], kind, step, rate }) {
    const [first, second] = [1 - 0.9 ** step, 1 - 0.999 ** step];
    gradient.forEach((g, i) => {
      const mean = 0.9 * at(m, i) + 0.1 * g;
      const square = 0.999 * at(v, i) + 0.001 * g * g;
      m[i] = mean;
      v[i] = square;
      const root =
        kind === 'dense' ? Math.sqrt(square / second) + 1e-8 : (Math.sqrt(square) + 1e-8) / Math.sqrt(second);
      weights[i] = at(weights, i) - (rate * (mean / first)) / root;
    });
  },
  adagrad({ weights, gradient, state: [sum], rate }) {
    gradient.forEach((g, i) => {
      sum[i] = at(sum, i) + g * g;
      weights[i] = at(weights, i) - (rate * g) / (Math.sqrt(at(sum, i)) + 1e-10);
    });
  },
  rowwise_adagrad(update) {
    if (update.kind === 'dense') return RULES.adagrad(update);
    const { weights, gradient, state, rate } = update;
    const sum = state[0];
    sum[0] = at(sum, 0) + gradient.reduce((squares, g) => squares + g * g, 0) / gradient.length;
    gradient.forEach((g, i) => {
      weights[i] = at(weights, i) - (rate * g) / (Math.sqrt(at(sum, 0)) + 1e-8);
    });
  },
  sgd({ weights, gradient, state: [velocity], rate, momentum }) {
    gradient.forEach((g, i) => {
      velocity[i] = momentum * at(velocity, i) + g;
      weights[i] = at(weights, i) - rate * at(velocity, i);
    });
  },
};

function newRow(values: Float32Array): Row {
  const { length } = values;
  return { weights: Float64Array.from(values), state: [new Float64Array(length), new Float64Array(length)] };
}

function at(values: Float64Array, i: number): number {
  return values[i] as number;
}

function mapValues<T, U>(values: Readonly<Record<string, T>>, of: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, of(value)]));
}
