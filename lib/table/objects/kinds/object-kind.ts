/** How a feature is encoded from the values of objects. */
import type { Feature } from '../../../config/declaration.ts';
import type { EncodedChunk } from '../../encoded.ts';
import type { Fault } from '../fault.ts';
import type { RequestTexts } from '../request-texts.ts';
import type { RowIds } from '../row-ids.ts';
import type { Constants } from './constants.ts';

/** A feature of an encoder. `values` are those of its columns, in their order; `undefined` for a column that is absent. */
export interface ObjectFeature {
  /** Encodes values into a row of the arrays; returns what is wrong with them, `null` if nothing is. */
  encode(values: readonly unknown[], texts: RequestTexts, into: EncodedChunk, row: number): Fault | null;
}

/** What a feature is encoded by. */
export interface FeatureSite {
  /** The row ids of the feature's embedding table. */
  readonly rowIds: RowIds;
  /** Whether every value must be an integer. */
  readonly isInteger: boolean;
  readonly constants: Constants;
}

/** How the features of a kind are encoded. */
export interface ObjectKind<F extends Feature> {
  bind(feature: F, site: FeatureSite): ObjectFeature;
}

/** The expected values of a category, in messages. */
export const SINGLE = 'a text, number, boolean, date or null';
