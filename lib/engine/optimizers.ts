/**
 * Every update rule, as PyTorch defines it: what state it keeps, and how it updates dense parameters and the touched
 * rows of embedding tables.
 */
import type { SparseKernels, TouchedRows } from './memory/sparse-kernels.ts';

export interface OptimizerChoice {
  readonly type: 'adam' | 'adagrad';
  readonly learningRate: number;
}

/** What one update depends on besides its rows. */
export interface UpdateSettings {
  /** Global step, counted from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** Factor of the L2 penalty's gradient. */
  readonly l2: number;
}

/** How rows are updated, and the state that this takes. */
export interface UpdateRule {
  /** Floats of state for each weight. */
  readonly stateFloats: number;
  update(kernels: SparseKernels, rows: TouchedRows, settings: UpdateSettings): void;
}

export interface Optimizer {
  readonly dense: UpdateRule;
  readonly sparse: UpdateRule;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const ADAM_EPSILON = 1e-8;
const ADAGRAD_EPSILON = 1e-10;

/** torch.optim.Adam: the epsilon is added to sqrt(v / (1 - beta2^step)). */
const denseAdam: UpdateRule = {
  stateFloats: 2,
  update(kernels, rows, { step, learningRate, l2 }) {
    const stepSize = learningRate / (1 - BETA1 ** step);
    const rootScale = 1 / Math.sqrt(1 - BETA2 ** step);
    kernels.adam(...rows, l2, BETA1, BETA2, ADAM_EPSILON, stepSize, rootScale);
  },
};

/**
 * torch.optim.SparseAdam: the epsilon is added to sqrt(v). m and v decay on touched rows only; the bias is corrected by
 * the global step.
 */
const sparseAdam: UpdateRule = {
  stateFloats: 2,
  update(kernels, rows, { step, learningRate, l2 }) {
    const stepSize = (learningRate * Math.sqrt(1 - BETA2 ** step)) / (1 - BETA1 ** step);
    kernels.adam(...rows, l2, BETA1, BETA2, ADAM_EPSILON, stepSize, 1);
  },
};

/** torch.optim.Adagrad. */
const adagrad: UpdateRule = {
  stateFloats: 1,
  update: (kernels, rows, { learningRate, l2 }) => kernels.adagrad(...rows, l2, ADAGRAD_EPSILON, learningRate),
};

const OPTIMIZERS: Readonly<Record<OptimizerChoice['type'], Optimizer>> = {
  adam: { dense: denseAdam, sparse: sparseAdam },
  adagrad: { dense: adagrad, sparse: adagrad },
};

export function optimizerOf({ type }: OptimizerChoice): Optimizer {
  return OPTIMIZERS[type];
}
