/** The table of input kinds. It does not compile where a kind, or a member of one, is missing. */
import { type EmbeddedInput, type InputSpec, isEmbedded, type NumericInput } from '../../table/encoded.ts';
import { bag } from './bag.ts';
import { id } from './id.ts';
import type { EmbeddedKind, InputKind, NumberTransform, NumericKind } from './input-kind.ts';
import { number } from './number.ts';
import { quantile } from './quantile.ts';
import { sequence } from './sequence.ts';
import { vector } from './vector.ts';

type KindOf<Input extends InputSpec> = Input extends EmbeddedInput
  ? EmbeddedKind<Input>
  : Input extends NumericInput
    ? NumericKind<Input>
    : never;

/** The type of the table: an entry of the right type for every kind of input. */
export type InputKinds = {
  readonly [Kind in InputSpec['kind']]: KindOf<Extract<InputSpec, { readonly kind: Kind }>>;
};

/** The kinds of input by the name of the kind. */
export const INPUT_KINDS: InputKinds = { id, bag, sequence, number, vector, quantile };

/** Returns the kind of an input. Its functions accept inputs of that kind only. */
export function inputKind({ kind }: InputSpec): InputKind<InputSpec> {
  return INPUT_KINDS[kind];
}

/** Returns the kind of an embedded input. Its functions accept inputs of that kind only. */
export function embeddedKind({ kind }: EmbeddedInput): EmbeddedKind<EmbeddedInput> {
  return INPUT_KINDS[kind];
}

/** Returns how each of an input's numbers is transformed. */
export function transformsOf(input: NumericInput): readonly NumberTransform[] {
  const kind: NumericKind<NumericInput> = INPUT_KINDS[input.kind];
  return kind.transforms(input);
}

/** A column of a training batch. */
export interface InputColumn {
  /** The record of the batch that holds the column. */
  readonly group: 'ids' | 'coefficients' | 'numbers';
  readonly name: string;
  /** Elements per row. */
  readonly length: number;
}

/** Returns the columns of a training batch that an input fills. */
export function inputColumns(input: InputSpec): InputColumn[] {
  const { name } = input;
  if (!isEmbedded(input)) return [{ group: 'numbers', name, length: transformsOf(input).length }];
  const kind = embeddedKind(input);
  const length = kind.idsPerRow(input);
  return [
    { group: 'ids', name, length },
    ...(kind.hasCoefficients ? [{ group: 'coefficients', name, length } as const] : []),
  ];
}
