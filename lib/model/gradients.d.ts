/** Importing `gradients.js`, which `scripts/build.ts` makes, registers the gradients of TensorFlow.js's kernels. */
export {};
