/** Rows of ordinary values for a traced graph's inputs. */
import type { NamedTensor, TensorData } from '../engine/ort/session.ts';
import { labelName, presentName, weightName } from '../engine/step/step-names.ts';
import { openSize, type Port } from '../graph/graph.ts';
import { fillNormal } from '../numbers/normal.ts';
import { randomStream } from '../numbers/random.ts';

/** Values by name. */
export type Values = Readonly<Record<string, Float32Array>>;

/** How values are drawn. */
export interface ProbeOptions {
  readonly seed: number;
  /** Number of ids. */
  readonly ids: number;
}

/** Values for every input: of so many rows where the first size is that of the batch, else the same for all rows. */
export class ProbeRows {
  readonly #columns: readonly { readonly name: string; readonly tensor: NamedTensor; readonly isOfRows: boolean }[];

  constructor(inputs: readonly Port[], rows: number, options: ProbeOptions) {
    this.#columns = inputs.map((port) => {
      const shape = port.shape.map((size) => (typeof size === 'number' ? size : rows * (openSize(size)?.times ?? 1)));
      return {
        name: port.name,
        tensor: { data: drawn(port, shape, options), shape },
        isOfRows: typeof port.shape[0] !== 'number' && port.shape.length > 0,
      };
    });
  }

  /** Returns the inputs of the rows from one up to another, which is not among them. */
  rows(from: number, to: number): Record<string, NamedTensor> {
    return Object.fromEntries(
      this.#columns.map(({ name, tensor: { data, shape }, isOfRows }) => {
        if (!isOfRows) return [name, { data, shape }];
        const [rows = 1, ...others] = shape;
        const size = data.length / rows;
        return [name, { data: data.slice(from * size, to * size), shape: [to - from, ...others] }];
      }),
    );
  }
}

/** Returns weights that keep the size of what they are multiplied with; no layer is left out because it starts at 0. */
export function drawnWeights(name: string, shape: readonly number[], seed: number): Float32Array {
  const [inputs = 1] = shape;
  const deviation = shape.length > 1 ? 1 / Math.sqrt(inputs) : VECTOR_DEVIATION;
  return fillNormal(new Float32Array(sizeOf(shape)), deviation, randomStream(seed, `probe/${name}`));
}

const VECTOR_DEVIATION = 0.5;

function drawn({ name, type, shape: open }: Port, shape: readonly number[], { seed, ids }: ProbeOptions): TensorData {
  const size = sizeOf(shape);
  const { uniform } = randomStream(seed, `probe/${name}`);
  if (type === 'int64') return BigInt64Array.from({ length: size }, (_, i) => BigInt(Math.floor(ids * uniform(i))));
  // Of each sequence there is an item, which comes before the padding.
  if (name.startsWith(presentName('')))
    return Float32Array.from({ length: size }, (_, i) => Number(i % (shape[1] as number) === 0 || uniform(i) < 0.5));
  if (name.startsWith(labelName(''))) return Float32Array.from({ length: size }, (_, i) => Math.round(uniform(i)));
  if (name.startsWith(weightName(''))) return Float32Array.from({ length: size }, (_, i) => (0.5 + uniform(i)) / size);
  if (typeof open[0] === 'number') return drawnWeights(name, shape, seed);
  return fillNormal(new Float32Array(size), 1, randomStream(seed, `probe/${name}`));
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
