/**
 * Mixtures of experts under the towers, each expert a stack of hidden layers.
 *
 * MMoE: Modeling Task Relationships in Multi-task Learning with Multi-gate Mixture-of-Experts
 * (Ma et al., KDD 2018, doi 10.1145/3219819.3220007).
 *
 *   f_k(x) = sum over experts i of  g_k(x)_i E_i(x),    g_k(x) = softmax(W_k x)               (equations 6 and 7)
 *
 * PLE: Progressive Layered Extraction (Tang et al., RecSys 2020, doi 10.1145/3383313.3412236). Beside the shared
 * experts each tower k has its own; on every level but the first, experts read what the level before made for their
 * tower, and the shared ones what a gate over all experts made for them.
 *
 *   x_k^l = g_k(x_k^{l-1}) over the experts of k and the shared ones                          (equations 1 to 5)
 *   x_s^l = g_s(x_s^{l-1}) over all experts
 *
 * MMoE is one level without own experts. With one expert a gate is 1, and has no weights.
 *
 * Differs from the papers in: gates without bias, as MMoE has them; the hidden layers of a tower stand on its mixture;
 * the size of what experts read is kept, in experts and mixture, by the initial weights (see `mixtureGain`). Glorot's and the
 * mean of the experts would leave a tower on two levels, at the start, a ninth of what one on the input knows of a row,
 * and a rare stage then learns late or not at all.
 */
import type { ExpertsChoice } from '../../config/declaration.ts';
import type { Columns, Tensors } from '../network.ts';
import type { Bottom } from './bottom.ts';
import { hidden } from './dense.ts';
import type { Layer, LayerInput } from './layer.ts';
import { gate, mixture } from './mixture.ts';

/** Experts under towers of these names, which read one input of so many columns. */
export interface ExpertsShape extends ExpertsChoice {
  readonly towers: readonly string[];
  readonly width: number;
}

/** Returns the experts of all levels as a bottom: each tower reads its mixture of the last level's experts. */
export function experts({ width, ...shape }: ExpertsShape): Bottom {
  const last = shape.units.at(-1) as number;
  const levels = Array.from({ length: shape.levels }, (_, i) => {
    const read = i === 0 ? { inputs: width, columns: [{ start: 0, count: width }] } : { inputs: last };
    return level({ ...shape, ...read, name: `level${i}`, isLast: i === shape.levels - 1 });
  });
  return {
    parameters: levels.flatMap(({ layers }) => layers.flatMap(({ parameters }) => parameters)),
    masks: levels.flatMap(({ layers }) => layers.flatMap(({ masks }) => masks)),
    width: last,
    apply(inputs, parameters, masks) {
      const [first = ''] = shape.towers;
      const start: LevelValues = { own: inputs, shared: inputs[first] as LayerInput };
      return levels.reduce((values, { apply }) => apply(values, parameters, masks), start).own;
    },
  };
}

/** What the experts of a level read: each tower's own ones, and the shared ones. */
interface LevelValues {
  readonly own: Readonly<Record<string, LayerInput>>;
  /** `null` after the last level, and where no expert is shared. */
  readonly shared: LayerInput | null;
}

interface LevelShape extends Omit<ExpertsShape, 'width' | 'levels'> {
  readonly name: string;
  readonly inputs: number;
  readonly columns?: readonly Columns[];
  readonly isLast: boolean;
}

interface Level {
  readonly layers: readonly Layer[];
  apply(values: LevelValues, parameters: Tensors, masks?: Tensors): LevelValues;
}

function level({ name, towers, shared, own, units, isLast, ...read }: LevelShape): Level {
  const stacks = (count: number, nameOf: (i: number) => string) =>
    Array.from({ length: count }, (_, i) =>
      hidden({ ...read, name: nameOf(i), units, heTimes: mixtureGain(own + shared) }),
    );
  const gateOf = (of: string, count: number) =>
    count === 1 ? null : gate({ ...read, name: `${of}.gate`, experts: count });
  const common = stacks(shared, (i) => `${name}.shared${i}`);
  const ofTower = towers.map((tower) => ({
    tower,
    experts: stacks(own, (i) => `${tower}.${name}.expert${i}`),
    gate: gateOf(`${tower}.${name}`, own + shared),
  }));
  const hasShared = shared > 0 && !isLast;
  const sharedGate = hasShared ? gateOf(name, own * towers.length + shared) : null;
  const gates = [...ofTower.map((tower) => tower.gate), sharedGate].filter((one) => one !== null);
  return {
    layers: [...common, ...ofTower.flatMap((tower) => tower.experts), ...gates],
    apply(values, parameters, masks) {
      const run = (layers: readonly Layer[], x: LayerInput) => layers.map((layer) => layer.apply(x, parameters, masks));
      const mixed = (by: Layer | null, x: LayerInput, outputs: readonly ReturnType<Layer['apply']>[]) =>
        by === null ? (outputs[0] as LayerInput) : mixture(by.apply(x, parameters), outputs);
      const x = (tower: string) => values.own[tower] as LayerInput;
      const ofCommon = values.shared === null ? [] : run(common, values.shared);
      const outputs = ofTower.map(({ tower, experts: layers }) => run(layers, x(tower)));
      return {
        own: Object.fromEntries(
          ofTower.map(({ tower, gate: by }, i) => [tower, mixed(by, x(tower), [...(outputs[i] ?? []), ...ofCommon])]),
        ),
        shared: hasShared ? mixed(sharedGate, values.shared as LayerInput, [...outputs.flat(), ...ofCommon]) : null,
      };
    },
  };
}

/**
 * Returns the factor of the last initial weights of n experts by which their mean, which a gate takes at first, is as large
 * as what each reads: ReLUs of independent normal sums with a mean square of 1 have a mean whose square is 1 / pi, and the
 * mean of n such has the mean square (1 + (n - 1) / pi) / n. The weights of each expert are He's (ICCV 2015,
 * arXiv 1502.01852).
 */
function mixtureGain(n: number): number {
  return Math.sqrt(n / (1 + (n - 1) / Math.PI));
}
