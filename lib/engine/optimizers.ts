/**
 * The optimizers, in one table: the state that each keeps, and how it updates dense parameters and embedding rows. Only
 * the embedding rows that a batch touched are updated, so that only their state decays.
 */
import type { TrainingChoice } from '../config/declaration.ts';
import type { SparseKernels, TouchedRows } from './memory/sparse-kernels.ts';

/** An optimizer and its settings. */
export interface OptimizerChoice {
  readonly type: TrainingChoice['optimizer'];
  readonly learningRate: number;
  /**
   * Factor with which `sgd` keeps the velocity of the step before.
   * @default 0
   */
  readonly momentum?: number;
}

/** What an update depends on, besides its rows. */
export interface UpdateSettings {
  /** Global step, counted from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** Factor of the L2 penalty's gradient for each occurrence of an id. */
  readonly l2: number;
}

/** Number of floats of state that an optimizer keeps, for each weight and for each row. */
export interface StateSize {
  readonly perWeight: number;
  readonly perRow: number;
}

/** How rows are updated, and the state that this needs, all of which starts at 0. */
export interface UpdateRule {
  readonly state: StateSize;
  update(kernels: SparseKernels, rows: TouchedRows, settings: UpdateSettings): void;
}

/** The update rules of an optimizer. */
export interface Optimizer {
  /** Rule for dense parameters; each is stored as a single row. */
  readonly dense: UpdateRule;
  /** Rule for the rows of embedding tables. */
  readonly sparse: UpdateRule;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const ADAM_EPSILON = 1e-8;
const ADAGRAD_EPSILON = 1e-10;
const ROWWISE_ADAGRAD_EPSILON = 1e-8;

const OPTIMIZERS: Readonly<Record<TrainingChoice['optimizer'], (choice: OptimizerChoice) => Optimizer>> = {
  adam: () => ({ dense: denseAdam, sparse: sparseAdam }),
  adagrad: () => ({ dense: adagrad, sparse: adagrad }),
  rowwise_adagrad: () => ({ dense: adagrad, sparse: rowwiseAdagrad }),
  sgd: ({ momentum = 0 }) => {
    const rule = momentum === 0 ? sgd : sgdWithMomentum(momentum);
    return { dense: rule, sparse: rule };
  },
};

/** Returns the update rules of the chosen optimizer. */
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

/** `torch.optim.SparseAdam`, which adds its epsilon to sqrt(v). Its bias correction is that of the global step. */
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
 * FBGEMM's `EXACT_ROWWISE_ADAGRAD`: for each row, one sum over the steps of the mean of the squared gradients.
 * (TorchRec's Python class `RowWiseAdagrad` has another rule: it squares the mean.)
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

/**
 * `torch.optim.SGD` with momentum, without dampening. The velocity of an embedding row decays only when it is touched.
 */
function sgdWithMomentum(momentum: number): UpdateRule {
  return {
    state: { perWeight: 1, perRow: 0 },
    update: (kernels, rows, { learningRate, l2 }) => kernels.momentum(...rows, l2, momentum, learningRate),
  };
}
