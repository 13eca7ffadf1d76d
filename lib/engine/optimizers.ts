/**
 * Every optimizer in one table: what state it keeps, and how it updates dense parameters and embedding rows. An update
 * of embedding rows is given the rows that the batch touched, so that state decays on touched rows only.
 */
import type { OptimizerType } from '../config/choices.ts';
import type { SparseKernels, TouchedRows } from './memory/sparse-kernels.ts';

export interface OptimizerChoice {
  readonly type: OptimizerType;
  readonly learningRate: number;
  /**
   * Factor by which `sgd` keeps the direction of the steps before.
   * @default 0
   */
  readonly momentum?: number;
}

/** What one update depends on besides its rows. */
export interface UpdateSettings {
  /** Global step, counted from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** Factor of the L2 penalty's gradient. */
  readonly l2: number;
}

/** Floats of state that an optimizer keeps. */
export interface StateSize {
  readonly perWeight: number;
  readonly perRow: number;
}

/** How rows are updated, and the state that this takes; it starts at 0. */
export interface UpdateRule {
  readonly state: StateSize;
  update(kernels: SparseKernels, rows: TouchedRows, settings: UpdateSettings): void;
}

export interface Optimizer {
  /** Of a dense parameter, all of which is one row. */
  readonly dense: UpdateRule;
  /** Of an embedding table. */
  readonly sparse: UpdateRule;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const ADAM_EPSILON = 1e-8;
const ADAGRAD_EPSILON = 1e-10;
const ROWWISE_ADAGRAD_EPSILON = 1e-8;

const OPTIMIZERS: Readonly<Record<OptimizerType, (choice: OptimizerChoice) => Optimizer>> = {
  adam: () => ({ dense: denseAdam, sparse: sparseAdam }),
  adagrad: () => ({ dense: adagrad, sparse: adagrad }),
  rowwise_adagrad: () => ({ dense: adagrad, sparse: rowwiseAdagrad }),
  sgd: ({ momentum = 0 }) => {
    const rule = momentum === 0 ? sgd : sgdWithMomentum(momentum);
    return { dense: rule, sparse: rule };
  },
};

export function optimizerOf(choice: OptimizerChoice): Optimizer {
  return OPTIMIZERS[choice.type](choice);
}

/** `torch.optim.Adam`, which adds its epsilon to sqrt(v / (1 - beta2^step)). */
const denseAdam: UpdateRule = {
  state: { perWeight: 2, perRow: 0 },
  update(kernels, rows, { step, learningRate, l2 }) {
    const stepSize = learningRate / (1 - BETA1 ** step);
    const rootScale = 1 / Math.sqrt(1 - BETA2 ** step);
    kernels.adam(...rows, l2, BETA1, BETA2, ADAM_EPSILON, stepSize, rootScale);
  },
};

/** `torch.optim.SparseAdam`, which adds its epsilon to sqrt(v) and corrects the bias by the global step. */
const sparseAdam: UpdateRule = {
  state: { perWeight: 2, perRow: 0 },
  update(kernels, rows, { step, learningRate, l2 }) {
    const stepSize = (learningRate * Math.sqrt(1 - BETA2 ** step)) / (1 - BETA1 ** step);
    kernels.adam(...rows, l2, BETA1, BETA2, ADAM_EPSILON, stepSize, 1);
  },
};

/** `torch.optim.Adagrad` (Duchi, Hazan and Singer, JMLR 2011). */
const adagrad: UpdateRule = {
  state: { perWeight: 1, perRow: 0 },
  update: (kernels, rows, { learningRate, l2 }) => kernels.adagrad(...rows, l2, ADAGRAD_EPSILON, learningRate),
};

/**
 * FBGEMM's `EXACT_ROWWISE_ADAGRAD`: one sum a row, of the mean of the row's squared gradients. (TorchRec's Python class
 * `RowWiseAdagrad` is another rule: it squares the mean.)
 */
const rowwiseAdagrad: UpdateRule = {
  state: { perWeight: 0, perRow: 1 },
  update: (kernels, rows, { learningRate, l2 }) =>
    kernels.rowwiseAdagrad(...rows, l2, ROWWISE_ADAGRAD_EPSILON, learningRate),
};

/** `torch.optim.SGD` without momentum. */
const sgd: UpdateRule = {
  state: { perWeight: 0, perRow: 0 },
  update: (kernels, rows, { learningRate, l2 }) => kernels.sgd(...rows, l2, learningRate),
};

/** `torch.optim.SGD` with momentum, without dampening. The velocity of an embedding row decays when it is touched. */
function sgdWithMomentum(momentum: number): UpdateRule {
  return {
    state: { perWeight: 1, perRow: 0 },
    update: (kernels, rows, { learningRate, l2 }) => kernels.momentum(...rows, l2, momentum, learningRate),
  };
}
