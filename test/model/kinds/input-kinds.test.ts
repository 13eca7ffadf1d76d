/** The table of input kinds must be exhaustive. `tsc` checks the `@ts-expect-error` comments of this file. */
import { describe, expect, it } from 'vitest';
import { INPUT_KINDS, type InputKinds, inputColumns } from '../../../lib/model/kinds/index.ts';
import type { EmbeddedKind, NumericKind } from '../../../lib/model/kinds/input-kind.ts';
import type { EmbeddedInput, IdInput, NumberInput } from '../../../lib/table/encoded.ts';
import { INPUTS } from '../../engine/small-model.ts';

/** Names of the members without which an object still has the type of the kind. */
type Dispensable<Kind> = { [Part in keyof Kind]-?: Omit<Kind, Part> extends Kind ? Part : never }[keyof Kind];
type IsNever<T> = [T] extends [never] ? true : false;

describe('the table of input kinds', () => {
  it('does not compile where a kind is missing', () => {
    const { quantile: _, ...others } = INPUT_KINDS;
    // @ts-expect-error quantile is missing
    const kinds: InputKinds = others;
    expect('quantile' in kinds).toBe(false);
  });

  it('does not compile where a member of a kind is missing', () => {
    const everyPart: [
      IsNever<Dispensable<EmbeddedKind<EmbeddedInput>>>,
      IsNever<Dispensable<NumericKind<NumberInput>>>,
    ] = [true, true];
    const { embed: _, ...rest } = INPUT_KINDS.id;
    // @ts-expect-error embed is missing
    const kind: EmbeddedKind<IdInput> = rest;
    expect([...everyPart, 'embed' in kind]).toEqual([true, true, false]);
  });

  it('does not compile where a kind stands in the place of another', () => {
    // @ts-expect-error a bag has a length, which an id does not have
    const kinds: InputKinds = { ...INPUT_KINDS, id: INPUT_KINDS.bag };
    expect(kinds.id).toBe(kinds.bag);
  });

  it('gives the columns of a training batch for every kind of input', () => {
    expect(INPUTS.flatMap(inputColumns)).toEqual([
      { group: 'ids', name: 'city', length: 1 },
      { group: 'ids', name: 'history', length: 4 },
      { group: 'coefficients', name: 'history', length: 4 },
      { group: 'ids', name: 'age', length: 1 },
      { group: 'ids', name: 'item', length: 1 },
      { group: 'numbers', name: 'price', length: 1 },
      { group: 'numbers', name: 'score', length: 1 },
    ]);
  });
});
