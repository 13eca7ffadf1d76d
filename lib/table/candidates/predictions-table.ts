/** A DuckDB table of predictions, filled from typed arrays without an object for each value. */
import { DOUBLE, type DuckDBAppender, DuckDBDataChunk, FLOAT } from '@duckdb/node-api';
import { copyNumbers } from '../append-columns.ts';
import { type Database, execute, identifier } from '../database.ts';

/** A table of predictions by row. */
export interface ScoreTable {
  /** SQL name; columns `"#row"` (a DOUBLE) and one FLOAT for each output. Rows are in the order of the appends. */
  readonly name: string;
  /** Makes all appended rows visible to queries. */
  flush(): void;
  /**
   * Appends rows.
   * @throws {RangeError} if an output does not have one number for each row.
   */
  append(rowNumbers: Float64Array, predictions: Readonly<Record<string, Float32Array>>): void;
  drop(): Promise<void>;
}

/** DuckDB's vector size: a data chunk holds no more rows. */
const VECTOR_ROWS = 2048;

/** Creates an empty table with a column for each output. */
export async function createScoreTable(database: Database, outputs: readonly string[]): Promise<ScoreTable> {
  const name = database.uniqueName('scores');
  await execute(
    database,
    `CREATE TABLE ${name} ("#row" DOUBLE${outputs.map((output) => `, ${identifier(output)} FLOAT`).join('')})`,
  );
  const connection = await database.connect();
  const appender = await connection.createAppender(name);
  return {
    name,
    flush: () => appender.flushSync(),
    append(rowNumbers, predictions) {
      const arrays = outputs.map((output) => predictionsOf(output, predictions[output], rowNumbers.length));
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

function appendRows(appender: DuckDBAppender, rowNumbers: Float64Array, arrays: readonly Float32Array[]): void {
  const chunk = DuckDBDataChunk.create([DOUBLE, ...arrays.map(() => FLOAT)], rowNumbers.length);
  fillVector(chunk, 0, rowNumbers);
  for (const [index, array] of arrays.entries()) fillVector(chunk, index + 1, array);
  appender.appendDataChunk(chunk);
}

function fillVector(chunk: DuckDBDataChunk, column: number, values: Float64Array | Float32Array): void {
  const vector = chunk.getColumnVector(column);
  if (!copyNumbers(vector, values))
    throw new TypeError(`column ${column} is ${vector.type}, got ${values.constructor.name}`);
  vector.flush();
}

/**
 * Returns the values of an output.
 * @throws {RangeError} if there is not one for each row.
 */
export function predictionsOf(output: string, values: Float32Array | undefined, rows: number): Float32Array {
  if (values?.length !== rows)
    throw new RangeError(`output ${output} has ${values?.length ?? 'no'} values, expected ${rows}`);
  return values;
}
