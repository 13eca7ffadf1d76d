/**
 * The tracing rules: for each TF.js kernel, the ONNX operators that compute the same, by the kind of the kernel. A
 * kernel without a rule is refused by name, with the reason.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Recorder, UntraceableError } from '../recorder.ts';
import { ACTIVATIONS } from './activations.ts';
import { ARITHMETIC } from './arithmetic.ts';
import { COMPARISONS } from './comparisons.ts';
import { EINSUM } from './einsum.ts';
import { ELEMENTWISE } from './elementwise.ts';
import { INDEXING } from './indexing.ts';
import { PRODUCTS } from './products.ts';
import { REDUCTIONS } from './reductions.ts';
import { REFUSED } from './refused.ts';
import type { Attributes, KernelInputs, Rule, Rules } from './rule.ts';
import { SHAPES } from './shapes.ts';
import { SLICES } from './slices.ts';

/** The rules by the kind of their kernels. */
export const RULES_BY_KIND: Readonly<Record<string, Rules>> = {
  arithmetic: ARITHMETIC,
  elementwise: ELEMENTWISE,
  'activations and normalisation': ACTIVATIONS,
  comparisons: COMPARISONS,
  reductions: REDUCTIONS,
  products: { ...PRODUCTS, ...EINSUM },
  'shapes and constants': SHAPES,
  slices: SLICES,
  indexing: INDEXING,
};

/** Registers a kernel of a TF.js backend, which must be a `Recorder`, for each kernel that TF.js has. */
export function registerKernels(backendName: string): void {
  const refused = Object.entries(REFUSED).map(([name, reason]) => [name, refusal(name, reason)] as const);
  for (const [kernelName, rule] of [
    ...Object.values(RULES_BY_KIND).flatMap((rules) => Object.entries(rules)),
    ...refused,
  ])
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs, backend }) => {
        const recorder = backend as Recorder;
        recorder.kernel = kernelName;
        return rule(recorder, inputs as unknown as KernelInputs, (attrs ?? {}) as Attributes);
      },
    });
}

function refusal(kernel: string, reason: string): Rule {
  return () => {
    throw new UntraceableError(`no ONNX rule for the TF.js kernel ${kernel}: ${reason}`);
  };
}
