/** The tables of kinds are exhaustive: `tsc` fails if a line after `@ts-expect-error` compiles. */
import { describe, expect, it } from 'vitest';
import type { CategoryFeature, Feature, IdSource } from '../../../lib/config/declaration.ts';
import {
  FEATURE_KINDS as DECLARED_KINDS,
  type FeatureKinds as DeclaredKinds,
} from '../../../lib/config/features/kinds.ts';
import type { FeatureKind } from '../../../lib/table/kinds/feature-kind.ts';
import { ID_SOURCE_KINDS, type IdSourceKind, type IdSourceKinds } from '../../../lib/table/kinds/id-sources.ts';
import { FEATURE_KINDS, type FeatureKinds } from '../../../lib/table/kinds/index.ts';

/** The parts that an object of a kind may lack and still compile. */
type Dispensable<Kind> = { [Part in keyof Kind]-?: Omit<Kind, Part> extends Kind ? Part : never }[keyof Kind];
type IsNever<T> = [T] extends [never] ? true : false;

describe('the kinds of features', () => {
  it('are the same in a declaration and in a table', () => {
    expect(Object.keys(FEATURE_KINDS).toSorted()).toEqual(Object.keys(DECLARED_KINDS).toSorted());
  });

  it('do not compile if one is missing', () => {
    const { bag: _, ...others } = FEATURE_KINDS;
    // @ts-expect-error bag is missing
    const kinds: FeatureKinds = others;
    const { bag: _bag, ...declared } = DECLARED_KINDS;
    // @ts-expect-error bag is missing
    const declaredKinds: DeclaredKinds = declared;
    expect([kinds, declaredKinds].map((table) => 'bag' in table)).toEqual([false, false]);
  });

  it('do not compile without any of their parts', () => {
    const everyPart: IsNever<Dispensable<FeatureKind<Feature>>> = true;
    const everyDeclaredPart: IsNever<Dispensable<DeclaredKinds['category']>> = true;
    const { canary: _, ...rest } = FEATURE_KINDS.category;
    // @ts-expect-error canary is missing
    const kind: FeatureKind<CategoryFeature> = rest;
    expect([everyPart, everyDeclaredPart, 'canary' in kind]).toEqual([true, true, false]);
  });

  it('do not compile if one is in the place of another', () => {
    // @ts-expect-error the functions for bags read members that a category does not have
    const kinds: FeatureKinds = { ...FEATURE_KINDS, category: FEATURE_KINDS.bag };
    expect(kinds.category).toBe(kinds.bag);
  });
});

describe('the id sources of tables', () => {
  it('do not compile if one is missing, or lacks any of its parts', () => {
    const { ids: _, ...others } = ID_SOURCE_KINDS;
    // @ts-expect-error ids is missing
    const kinds: IdSourceKinds = others;
    const everyPart: IsNever<Dispensable<IdSourceKind<IdSource>>> = true;
    expect(['ids' in kinds, everyPart]).toEqual([false, true]);
  });
});
