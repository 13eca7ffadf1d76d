/** Prepared rows with the columns of one feature: with those of all, a query takes the longer, the more there are. */
import type { Feature } from '../../config/declaration.ts';
import { goodLogRows, type PreparedLog } from '../check/prepared-rows.ts';

/** Returns the SQL after FROM of a log's prepared rows, as `goodLogRows`, with one feature alone, its index 0. */
export type RowsOfFeature = (feature: Feature) => string;

/** Returns the good rows of a log by feature. */
export function rowsOfFeatures(log: PreparedLog): RowsOfFeature {
  return (feature) => goodLogRows(log, [feature]);
}
