/** The predictions of a shard's rows: a file that DuckDB reads beside the rows themselves. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../database.ts';
import { parquetScan } from '../formats/parquet/file.ts';
import { type NumberColumn, type Numbers, NumbersFile } from '../formats/parquet/write-numbers.ts';

/** A table of predictions by row. */
export interface ScoreTable {
  /** SQL after FROM, once the table is ended; columns `"#row"` (a DOUBLE), one FLOAT for each output, and one DOUBLE for each score. Rows are in the order of the appends. */
  readonly from: string;
  /**
   * Appends rows.
   * @throws {RangeError} if an output does not have one number for each row.
   */
  append(rowNumbers: Float64Array, predictions: Readonly<Record<string, Numbers>>): Promise<void>;
  /** Ends the table: all of its rows are appended. */
  end(): Promise<void>;
  drop(): Promise<void>;
}

/** Creates an empty table with a column for each output and each score, for up to so many rows. */
export async function createScoreTable(
  database: Database,
  {
    outputs,
    scores,
    rows,
  }: { readonly outputs: readonly string[]; readonly scores: readonly string[]; readonly rows: number },
): Promise<ScoreTable> {
  const path = join(database.scratch, `${database.uniqueName('scores')}.parquet`);
  const columns: readonly NumberColumn[] = [
    { name: '#row', type: 'DOUBLE' },
    ...outputs.map((name) => ({ name, type: 'FLOAT' }) as const),
    ...scores.map((name) => ({ name, type: 'DOUBLE' }) as const),
  ];
  const file = await NumbersFile.create(path, columns, rows);
  let isEnded = false;
  return {
    from: parquetScan([path]),
    async append(rowNumbers, predictions) {
      const others = [...outputs, ...scores].map((name) => predictionsOf(name, predictions[name], rowNumbers.length));
      await file.append([rowNumbers, ...others]);
    },
    async end() {
      await file.end();
      isEnded = true;
    },
    async drop() {
      if (!isEnded) await file.close();
      await rm(path);
    },
  };
}

/**
 * Returns the values of an output.
 * @throws {RangeError} if there is not one for each row.
 */
export function predictionsOf<Values extends Numbers>(
  output: string,
  values: Values | undefined,
  rows: number,
): Values {
  if (values?.length !== rows)
    throw new RangeError(`output ${output} has ${values?.length ?? 'no'} values, expected ${rows}`);
  return values;
}
