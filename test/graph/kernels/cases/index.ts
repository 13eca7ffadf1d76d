/** All cases of the kernels, by the kind of the kernels. */
import { ACTIVATION_CASES } from './activations.ts';
import { ARITHMETIC_CASES } from './arithmetic.ts';
import type { KernelCase } from './case.ts';
import { COMPARISON_CASES } from './comparisons.ts';
import { ELEMENTWISE_CASES } from './elementwise.ts';
import { INDEXING_CASES } from './indexing.ts';
import { NETWORK_CASES } from './networks.ts';
import { PRODUCT_CASES } from './products.ts';
import { REDUCTION_CASES, REDUCTION_CASES_OF_SOME_ROWS } from './reductions.ts';
import { SHAPE_CASES } from './shapes.ts';

export const CASES: Readonly<Record<string, readonly KernelCase[]>> = {
  arithmetic: ARITHMETIC_CASES,
  'functions of one tensor': ELEMENTWISE_CASES,
  'activations and normalisation': ACTIVATION_CASES,
  comparisons: COMPARISON_CASES,
  reductions: REDUCTION_CASES,
  'reductions of some rows': REDUCTION_CASES_OF_SOME_ROWS,
  products: PRODUCT_CASES,
  'shapes, slices and constants': SHAPE_CASES,
  indexing: INDEXING_CASES,
  'parts of networks': NETWORK_CASES,
};
