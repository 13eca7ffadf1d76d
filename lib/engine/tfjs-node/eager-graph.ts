import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '../../model/network.ts';
import type { LossTerm } from '../engine.ts';
import type { NamedTensor, TensorData } from '../ort/session.ts';
import type { NamedFunction } from '../step/step-functions.ts';
import type { StepGraph } from '../step/step-graph.ts';
import { BACKEND } from './load.ts';

/** A function of training that is run as it is written, operation by operation, in the thread that calls. */
export class EagerGraph implements StepGraph {
  readonly #compute: NamedFunction['compute'];

  constructor({ compute }: NamedFunction) {
    this.#compute = compute;
  }

  async run(
    inputs: Readonly<Record<string, NamedTensor>>,
    into: Readonly<Record<string, NamedTensor>>,
  ): Promise<Readonly<Record<string, TensorData>>> {
    return onTensorFlow(() => {
      const outputs = tf.tidy(() => this.#compute(tensorsOf(inputs)).outputs);
      try {
        return Object.fromEntries(
          Object.entries(outputs).map(([name, tensor]) => {
            const values = tensor.dataSync() as Float32Array;
            (into[name]?.data as Float32Array | undefined)?.set(values);
            return [name, values];
          }),
        );
      } finally {
        // The losses are kept by the function of the step, so no tidy disposes of them.
        tf.dispose(outputs);
      }
    });
  }

  /** Nothing is held between two runs. */
  async release(): Promise<void> {}
}

/** Returns the terms of the total loss, which are known only once the function has been run: here, on one row of zeros. */
export function lossTerms({ inputs, compute }: NamedFunction): readonly LossTerm[] {
  return onTensorFlow(() => {
    let losses: readonly LossTerm[] = [];
    const outputs = tf.tidy(() => {
      const row = inputs.map(({ name, shape, type }) => {
        const sizes = shape.map((size) => (typeof size === 'number' ? size : 1));
        return [name, tf.zeros(sizes, type === 'float32' ? 'float32' : 'int32')] as const;
      });
      const computed = compute(Object.fromEntries(row));
      losses = computed.losses;
      return computed.outputs;
    });
    tf.dispose(outputs);
    return losses;
  });
}

function tensorsOf(inputs: Readonly<Record<string, NamedTensor>>): Tensors {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape }]) => {
      // TensorFlow.js has no int64.
      const values = data instanceof BigInt64Array ? Int32Array.from(data, Number) : data;
      return [name, tf.tensor(values, [...shape], values instanceof Float32Array ? 'float32' : 'int32')];
    }),
  );
}

/** Does work that awaits nothing on TensorFlow's backend; whatever else computes in this process keeps its own. */
function onTensorFlow<Result>(work: () => Result): Result {
  const previous = tf.getBackend();
  const use = (backend: string) => {
    if (backend && backend !== tf.getBackend()) tf.setBackend(backend).catch(() => undefined);
  };
  use(BACKEND);
  try {
    return work();
  } finally {
    use(previous);
  }
}
