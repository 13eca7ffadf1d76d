/**
 * Where a user's function gets its parameters and masks from, by name, while it runs. The first run makes a list of
 * them; later runs are given their values.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { MaskSpec, ParameterSpec, Tensors } from '../network.ts';
import { ModelError } from './model-error.ts';

/** The parameters and masks of a network, in the order in which its function asks for them. */
export interface Specs {
  readonly parameters: readonly ParameterSpec[];
  readonly masks: readonly MaskSpec[];
}

/** What the layers of one run of a user's function take their values from. */
export interface Scope {
  /** Returns a parameter's value. */
  parameter(spec: ParameterSpec): tf.Tensor;
  /** Returns a mask [batch, units]; `undefined` where nothing is dropped. */
  mask(spec: MaskSpec): tf.Tensor | undefined;
  /** Returns what this run has asked for so far. */
  asked(): Specs;
}

/** Most values of one parameter: 1 GiB. */
const MOST_VALUES = 2 ** 28;
/** Every name of a parameter contains a dot, which no feature, stage or output has. */
const NAME = /^[A-Za-z_][\w-]*(\.[\w-]+)*$/;

/** Returns a scope that accepts every spec. Its parameters are 0, and it has no masks. */
export function newScope(): Scope {
  return scopeOf(
    ({ shape }) => tf.zeros([...shape]),
    () => undefined,
  );
}

/**
 * Returns a scope of the values of known specs.
 * @param masks left out where nothing is dropped
 */
export function knownScope(specs: Specs, parameters: Tensors, masks?: Tensors): Scope {
  const known = new Map(specs.parameters.map((spec) => [spec.name, String(spec.shape)]));
  return scopeOf(
    ({ name, shape }) => {
      if (known.get(name) !== String(shape))
        throw new ModelError(
          `parameter ${name} [${shape.join(', ')}] is not made in every run, expected the same parameters in each`,
        );
      return parameters[name] as tf.Tensor;
    },
    ({ name }) => masks?.[name],
  );
}

function scopeOf(
  parameterOf: (spec: ParameterSpec) => tf.Tensor,
  maskOf: (spec: MaskSpec) => tf.Tensor | undefined,
): Scope {
  const parameters = new Map<string, ParameterSpec>();
  const masks = new Map<string, MaskSpec>();
  return {
    parameter(spec) {
      checkParameter(spec);
      if (parameters.has(spec.name)) throw new ModelError(`parameter ${spec.name} is made twice, ${OWN_NAME}`);
      parameters.set(spec.name, spec);
      return parameterOf(spec);
    },
    mask(spec) {
      if (masks.has(spec.name)) throw new ModelError(`dropout ${spec.name} is made twice, ${OWN_NAME}`);
      masks.set(spec.name, spec);
      return maskOf(spec);
    },
    asked: () => ({ parameters: [...parameters.values()], masks: [...masks.values()] }),
  };
}

const OWN_NAME = 'expected a name of its own for each layer';

function checkParameter({ name, shape }: ParameterSpec): void {
  if (!NAME.test(name) || name.startsWith('embedding.'))
    throw new ModelError(
      `parameter name: got ${JSON.stringify(name)}, expected letters, 0-9, _, - and dots, beginning with a letter and not with "embedding."`,
    );
  const isShape = shape.every((size) => Number.isInteger(size) && size > 0);
  const values = shape.reduce((a, b) => a * b, 1);
  if (!isShape || values > MOST_VALUES)
    throw new ModelError(
      `parameter ${name}: got shape [${shape.join(', ')}], expected whole numbers above 0, and at most ${MOST_VALUES.toLocaleString('en')} values`,
    );
}
