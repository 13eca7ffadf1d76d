/** The table of input kinds: neither a kind without an object nor an object without one of its parts compiles. */
import { type EmbeddedInput, type InputSpec, isEmbedded, type NumberInput } from '../../table/encoded.ts';
import { bag } from './bag.ts';
import { id } from './id.ts';
import type { EmbeddedKind, InputKind, NumberKind } from './input-kind.ts';
import { number } from './number.ts';
import { quantile } from './quantile.ts';

type KindOf<Input extends InputSpec> = Input extends EmbeddedInput
  ? EmbeddedKind<Input>
  : Input extends NumberInput
    ? NumberKind<Input>
    : never;

/** One object for every kind of input. */
export type InputKinds = {
  readonly [Kind in InputSpec['kind']]: KindOf<Extract<InputSpec, { readonly kind: Kind }>>;
};

export const INPUT_KINDS: InputKinds = { id, bag, number, quantile };

/** What there is to know of an input's kind. Its functions are given inputs of that kind alone. */
export function inputKind({ kind }: InputSpec): InputKind<InputSpec> {
  return INPUT_KINDS[kind];
}

/** The same of an embedded input. */
export function embeddedKind({ kind }: EmbeddedInput): EmbeddedKind<EmbeddedInput> {
  return INPUT_KINDS[kind];
}

/** A column of a training batch. */
export interface InputColumn {
  readonly group: 'ids' | 'coefficients' | 'numbers';
  readonly name: string;
  /** Elements of a row. */
  readonly length: number;
}

/** The columns of a training batch that an input fills. */
export function inputColumns(input: InputSpec): InputColumn[] {
  const { name } = input;
  if (!isEmbedded(input)) return [{ group: 'numbers', name, length: 1 }];
  const kind = embeddedKind(input);
  const length = kind.idsPerRow(input);
  return [
    { group: 'ids', name, length },
    ...(kind.hasCoefficients ? [{ group: 'coefficients', name, length } as const] : []),
  ];
}
