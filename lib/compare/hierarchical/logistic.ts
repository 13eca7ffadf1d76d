/** Logistic regression of few inputs, by Newton's method. */
import { solve } from '../../numbers/solve.ts';

/** Rows of inputs, column by column. */
export interface LogisticRows {
  readonly inputs: readonly Float64Array[];
  /** 0 or 1. */
  readonly label: Float32Array;
  readonly weight: Float32Array;
}

/** Penalty on the squares of the coefficients, for each unit of weight: enough to keep equal inputs apart. */
const RIDGE = 1e-6;
const MOST_STEPS = 50;

/** Returns the intercept and the coefficients of least cross-entropy. */
export function fitLogistic(rows: LogisticRows): Float64Array {
  const size = rows.inputs.length + 1;
  let coefficients = new Float64Array(size);
  let before = derivatives(rows, coefficients);
  for (let step = 0; step < MOST_STEPS; step++) {
    const direction = solve(before.hessian, before.gradient);
    let [length, after, moved] = [1, before, coefficients];
    // Far from the least loss, a whole step may lead beyond it.
    do {
      const scale = length;
      moved = coefficients.map((value, index) => value - scale * (direction[index] as number));
      after = derivatives(rows, moved);
      length /= 2;
    } while (!(after.loss <= before.loss) && length > 1e-6);
    if (!(after.loss < before.loss)) return coefficients;
    const isDone = before.loss - after.loss < 1e-12 * Math.abs(before.loss);
    [coefficients, before] = [moved, after];
    if (isDone) break;
  }
  return coefficients;
}

/** Returns the probability of a row by its inputs. */
export function predictLogistic(coefficients: Float64Array, inputs: readonly number[]): number {
  const logit = inputs.reduce(
    (sum, x, index) => sum + x * (coefficients[index + 1] as number),
    coefficients[0] as number,
  );
  return 1 / (1 + Math.exp(-logit));
}

interface Derivatives {
  readonly loss: number;
  readonly gradient: Float64Array;
  /** An array for each row of the matrix. */
  readonly hessian: readonly Float64Array[];
}

function derivatives({ inputs, label, weight }: LogisticRows, coefficients: Float64Array): Derivatives {
  const size = coefficients.length;
  const gradient = new Float64Array(size);
  const hessian = Array.from({ length: size }, () => new Float64Array(size));
  const x = new Float64Array(size).fill(1);
  let [loss, total] = [0, 0];
  for (let row = 0; row < label.length; row++) {
    let logit = coefficients[0] as number;
    for (let i = 1; i < size; i++) {
      x[i] = inputs[i - 1]?.[row] as number;
      logit += (coefficients[i] as number) * (x[i] as number);
    }
    const [y, w] = [label[row] as number, weight[row] as number];
    const probability = 1 / (1 + Math.exp(-logit));
    // log(1 + exp(logit)) without overflow.
    loss += w * (Math.max(logit, 0) + Math.log1p(Math.exp(-Math.abs(logit))) - y * logit);
    total += w;
    for (let i = 0; i < size; i++) {
      gradient[i] = (gradient[i] as number) + w * (probability - y) * (x[i] as number);
      const line = hessian[i] as Float64Array;
      for (let j = 0; j < size; j++)
        line[j] = (line[j] as number) + w * probability * (1 - probability) * (x[i] as number) * (x[j] as number);
    }
  }
  for (let i = 1; i < size; i++) {
    const own = coefficients[i] as number;
    loss += (RIDGE * total * own * own) / 2;
    gradient[i] = (gradient[i] as number) + RIDGE * total * own;
    const line = hessian[i] as Float64Array;
    line[i] = (line[i] as number) + RIDGE * total;
  }
  return { loss, gradient, hessian };
}
