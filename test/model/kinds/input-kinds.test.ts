/** The table of input kinds is exhaustive: `tsc` checks what the comments with `@ts-expect-error` say. */
import { describe, expect, it } from 'vitest';
import { INPUT_KINDS, type InputKinds, inputColumns } from '../../../lib/model/kinds/index.ts';
import type { EmbeddedKind, NumberKind } from '../../../lib/model/kinds/input-kind.ts';
import type { EmbeddedInput, IdInput, NumberInput } from '../../../lib/table/encoded.ts';
import { INPUTS } from '../../engine/small-model.ts';

/** Parts without which an object of the kind is still taken for one. */
type Dispensable<Kind> = { [Part in keyof Kind]-?: Omit<Kind, Part> extends Kind ? Part : never }[keyof Kind];
type IsNever<T> = [T] extends [never] ? true : false;

describe('the kinds of inputs', () => {
  it('do not compile with one missing', () => {
    const { quantile: _, ...others } = INPUT_KINDS;
    // @ts-expect-error quantile is missing
    const kinds: InputKinds = others;
    expect('quantile' in kinds).toBe(false);
  });

  it('do not compile without any of their parts', () => {
    const everyPart: [
      IsNever<Dispensable<EmbeddedKind<EmbeddedInput>>>,
      IsNever<Dispensable<NumberKind<NumberInput>>>,
    ] = [true, true];
    const { embed: _, ...rest } = INPUT_KINDS.id;
    // @ts-expect-error embed is missing
    const kind: EmbeddedKind<IdInput> = rest;
    expect([...everyPart, 'embed' in kind]).toEqual([true, true, false]);
  });

  it('do not compile in the place of another', () => {
    // @ts-expect-error a bag has a length, which an id does not have
    const kinds: InputKinds = { ...INPUT_KINDS, id: INPUT_KINDS.bag };
    expect(kinds.id).toBe(kinds.bag);
  });

  it('fill the columns of a training batch', () => {
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
