/** A DuckDB table of predictions, filled from typed arrays without an object for each value. */
import { DOUBLE, type DuckDBAppender, DuckDBDataChunk, FLOAT } from '@duckdb/node-api';
import { copyNumbers } from '../append-columns.ts';
import { type Database, execute, identifier } from '../database.ts';

/** Numbers of rows. */
export type Numbers = Float32Array | Float64Array;

/** A table of predictions by row. */
export interface ScoreTable {
  /** SQL name; columns `"#row"` (a DOUBLE), one FLOAT for each output, and one DOUBLE for each score. Rows are in the order of the appends. */
  readonly name: string;
  /** Makes all appended rows visible to queries. */
  flush(): void;
  /**
   * Appends rows.
   * @throws {RangeError} if an output does not have one number for each row.
   */
  append(rowNumbers: Float64Array, predictions: Readonly<Record<string, Numbers>>): void;
  drop(): Promise<void>;
}

/** DuckDB's vector size: a data chunk holds no more rows. */
const VECTOR_ROWS = 2048;

/** Creates an empty table with a column for each output and each score. */
export async function createScoreTable(
  database: Database,
  outputs: readonly string[],
  scores: readonly string[] = [],
): Promise<ScoreTable> {
  const name = database.uniqueName('scores');
  const columns = [
    '"#row" DOUBLE',
    ...outputs.map((output) => `${identifier(output)} FLOAT`),
    ...scores.map((score) => `${identifier(score)} DOUBLE`),
  ];
  await execute(database, `CREATE TABLE ${name} (${columns.join(', ')})`);
  const connection = await database.connect();
  const appender = await connection.createAppender(name);
  return {
    name,
    flush: () => appender.flushSync(),
    append(rowNumbers, predictions) {
      const arrays = [...outputs, ...scores].map((output) =>
        predictionsOf(output, predictions[output], rowNumbers.length),
      );
      for (let from = 0; from < rowNumbers.length; from += VECTOR_ROWS) {
        const to = Math.min(from + VECTOR_ROWS, rowNumbers.length);
        appendRows(
          appender,
          rowNumbers.subarray(from, to),
          arrays.map((array) => array.subarray(from, to)),
        );
      }
    },
    async drop() {
      appender.closeSync();
      connection.closeSync();
      await execute(database, `DROP TABLE ${name}`);
    },
  };
}

function appendRows(appender: DuckDBAppender, rowNumbers: Float64Array, arrays: readonly Numbers[]): void {
  const types = arrays.map((array) => (array instanceof Float64Array ? DOUBLE : FLOAT));
  const chunk = DuckDBDataChunk.create([DOUBLE, ...types], rowNumbers.length);
  fillVector(chunk, 0, rowNumbers);
  for (const [index, array] of arrays.entries()) fillVector(chunk, index + 1, array);
  appender.appendDataChunk(chunk);
}

function fillVector(chunk: DuckDBDataChunk, column: number, values: Numbers): void {
  const vector = chunk.getColumnVector(column);
  if (!copyNumbers(vector, values))
    throw new TypeError(`column ${column} is ${vector.type}, got ${values.constructor.name}`);
  vector.flush();
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
