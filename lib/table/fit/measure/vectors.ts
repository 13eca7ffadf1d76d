/**
 * Measures the vectors of the training rows: the mean and the deviation of each place. Sums are in the order of the rows,
 * so they do not depend on the number of threads.
 */
import type { VectorFeature } from '../../../config/features/vector.ts';
import { goodLogRows, type PreparedLog } from '../../check/prepared-rows.ts';
import { type Database, withConnection } from '../../database.ts';
import type { VectorStatistics } from '../../kinds/feature-kind.ts';
import { vectorColumn } from '../../kinds/vector.ts';
import { type RunPart, untold } from '../../log-progress.ts';
import { readColumns } from '../../read-columns.ts';
import { transform } from './numbers.ts';

/** How often the rows are read for a vector. */
export const VECTOR_PASSES = 2;

/** Measures vectors in the training rows, by feature; those without a value have means and deviations of 0. */
export async function measureVectors(
  database: Database,
  log: PreparedLog,
  vectors: readonly VectorFeature[],
  run: RunPart = untold,
): Promise<ReadonlyMap<string, VectorStatistics>> {
  const measured = new Map<string, VectorStatistics>();
  for (const feature of vectors) measured.set(feature.name, await measureVector(database, log, feature, run));
  return measured;
}

async function measureVector(
  database: Database,
  log: PreparedLog,
  feature: VectorFeature,
  run: RunPart,
): Promise<VectorStatistics> {
  const { length } = feature;
  const [sums, squares] = [new Float64Array(length), new Float64Array(length)];
  let count = 0;
  const read = (use: (values: Float32Array, at: number) => void) =>
    run(1, () => readVectors(database, log, feature, use));
  await read((values, at) => {
    count += 1;
    for (let k = 0; k < length; k++) sums[k] = (sums[k] as number) + transform(values[at + k] as number, feature);
  });
  const means = [...sums.map((sum) => (count === 0 ? 0 : sum / count))];
  await read((values, at) => {
    for (let k = 0; k < length; k++) {
      const distance = transform(values[at + k] as number, feature) - (means[k] as number);
      squares[k] = (squares[k] as number) + distance * distance;
    }
  });
  return { means, deviations: [...squares.map((sum) => (count === 0 ? 0 : Math.sqrt(sum / count)))] };
}

/** Reads the vectors of the training rows that have one, each from a place of an array on. */
async function readVectors(
  database: Database,
  log: PreparedLog,
  feature: VectorFeature,
  use: (values: Float32Array, at: number) => void,
): Promise<void> {
  const { sql, type, length } = vectorColumn(feature, 0);
  const rows = `SELECT ${sql} FROM ${goodLogRows(log, [feature])} WHERE "#part" = 0`;
  await withConnection(database, async (connection) => {
    for await (const block of readColumns(connection, rows, [{ type, length }])) {
      const values = block.columns[0] as Float32Array;
      for (let row = 0; row < block.rows; row++)
        if (!Number.isNaN(values[row * feature.length])) use(values, row * feature.length);
    }
  });
}
