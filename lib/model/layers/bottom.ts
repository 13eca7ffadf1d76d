/** What stands below the hidden layers of a network's towers, and beside them. */
import type { Columns, MaskSpec, ParameterSpec, Tensors } from '../network.ts';
import type { LayerInput } from './layer.ts';

/** Makes what each tower's hidden layers read. */
export interface Bottom {
  readonly parameters: readonly ParameterSpec[];
  readonly masks: readonly MaskSpec[];
  /** Number of columns that a tower's hidden layers read. */
  readonly width: number;
  /** The columns of the tower's input that they are; left out where they are computed. */
  readonly columns?: readonly Columns[];
  /** Returns what each tower reads, by tower name, from the towers' inputs. */
  apply(
    inputs: Readonly<Record<string, LayerInput>>,
    parameters: Tensors,
    masks?: Tensors,
  ): Readonly<Record<string, LayerInput>>;
}

/** Returns a bottom without layers: each tower reads its input. */
export function inputBottom(width: number): Bottom {
  return { parameters: [], masks: [], width, columns: [{ start: 0, count: width }], apply: (inputs) => inputs };
}

/** Terms of the towers' logits that are computed beside their hidden layers. */
export interface LogitTerms {
  readonly parameters: readonly ParameterSpec[];
  /** Returns the terms [batch, logits of the tower], by tower name, from the towers' inputs. */
  apply(inputs: Readonly<Record<string, LayerInput>>, parameters: Tensors): Tensors;
}
