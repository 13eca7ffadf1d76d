/** Real files, a real DuckDB and small declarations, for the tests of this room. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type {
  BagFeature,
  CategoryFeature,
  Declaration,
  EmbeddingTable,
  Feature,
  IdSource,
  NumberFeature,
  Stage,
} from '../../lib/config/declaration.ts';
import type { CrossFeature } from '../../lib/config/features/kinds.ts';
import type { SequenceFeature } from '../../lib/config/features/sequence.ts';
import type { VectorFeature } from '../../lib/config/features/vector.ts';
import { CSV_DEFAULTS } from '../../lib/config/sections/csv.ts';
import { MONITORING_DEFAULTS } from '../../lib/config/sections/monitoring.ts';
import { type CheckedLog, checkLog } from '../../lib/table/check/log.ts';
import { logColumns } from '../../lib/table/check/required-columns.ts';
import { type Database, execute, literal, openDatabase, query } from '../../lib/table/database.ts';
import { encodeLog } from '../../lib/table/encode/encode.ts';
import type { LogChunk } from '../../lib/table/encoded.ts';
import { fitEncoder } from '../../lib/table/fit/fit-encoder.ts';
import { openSource } from '../../lib/table/source/source.ts';

/** A database and a folder of files. */
export interface Workplace {
  readonly database: Database;
  /** Returns the path of a file in the folder. */
  at(name: string): string;
  /** Writes the rows of a query to a file in the folder, CSV or Parquet by its extension, and returns its path. */
  write(name: string, sql: string): Promise<string>;
  /** Reads the rows of a Parquet file. */
  read(path: string): Promise<Record<string, unknown>[]>;
}

/**
 * Creates a database and a folder before the tests of a file, and removes them afterwards. On few rows DuckDB has nothing
 * to divide among threads, and waking them takes half as long again as a query.
 */
export function workplace({ threads = 1 }: { readonly threads?: number } = {}): Workplace {
  let database: Database | null = null;
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'entirespace-table-'));
    database = await openDatabase({ threads, memoryLimitMiB: 1024, scratch: folder });
  });
  afterAll(async () => {
    await database?.close();
    await rm(folder, { recursive: true, force: true });
  });
  const opened = () => {
    if (database === null) throw new Error('database is not open yet');
    return database;
  };
  return {
    get database() {
      return opened();
    },
    at: (name) => join(folder, name),
    async write(name, sql) {
      const path = join(folder, name);
      const options = name.endsWith('.csv') ? '(FORMAT csv, HEADER true)' : '(FORMAT parquet)';
      await execute(opened(), `COPY (${sql}) TO ${literal(path)} ${options}`);
      return path;
    },
    read: (path) => query(opened(), `SELECT * FROM read_parquet(${literal(path)})`),
  };
}

/** Returns a stage whose label is the column of its own name. */
export function stage(name: string, from: readonly string[], options: Partial<Stage> = {}): Stage {
  return {
    name,
    from,
    label: name,
    weight: 1,
    complementOf: null,
    exclusive: null,
    at: null,
    withinMs: null,
    inconsistent: 'reject',
    maxInconsistent: 0,
    ...options,
  };
}

/** Returns a category of the column of its own name, with a table of that name. */
export function category(name: string, options: Partial<CategoryFeature> = {}): CategoryFeature {
  return { type: 'category', name, column: name, entity: 'user', embedding: name, ...options };
}

/** Returns a bag of at most three values of the list column of its own name, with a table of that name. */
export function bag(name: string, options: Partial<BagFeature> = {}): BagFeature {
  return {
    type: 'bag',
    name,
    column: name,
    entity: 'user',
    embedding: name,
    delimiter: null,
    weights: null,
    combiner: 'mean',
    maxLength: 3,
    keep: 'first',
    ...options,
  };
}

/** Returns a sequence of at most three values of the list column of its own name, with a table of that name. */
export function sequence(name: string, options: Partial<SequenceFeature> = {}): SequenceFeature {
  return {
    type: 'sequence',
    name,
    column: name,
    entity: 'user',
    embedding: name,
    delimiter: null,
    maxLength: 3,
    keep: 'last',
    pooling: null,
    ...options,
  };
}

/** Returns a standardised number of the column of its own name. */
export function number(name: string, options: Partial<NumberFeature> = {}): NumberFeature {
  return {
    type: 'number',
    name,
    column: name,
    entity: 'item',
    embedding: null,
    log1p: false,
    standardize: true,
    clip: null,
    ...options,
  };
}

/** Returns a vector of three numbers of the list column of its own name, which are not standardised. */
export function vector(name: string, options: Partial<VectorFeature> = {}): VectorFeature {
  return {
    type: 'vector',
    name,
    column: name,
    entity: 'item',
    embedding: null,
    length: 3,
    delimiter: null,
    clip: null,
    log1p: false,
    standardize: false,
    ...options,
  };
}

/** Returns a cross of columns, with a table of its own name. */
export function cross(name: string, of: readonly string[], options: Partial<CrossFeature> = {}): CrossFeature {
  return { type: 'cross', name, entity: 'context', of: of.map((column) => ({ column })), embedding: name, ...options };
}

/** Returns a vocabulary of all values, with one unknown bucket. */
export function vocabulary(options: Partial<IdSource & { kind: 'vocabulary' }> = {}): IdSource {
  return { kind: 'vocabulary', minCount: 1, unknown: 1, maxSize: null, ...options };
}

/** Returns an embedding table of width 4. */
export function table(name: string, ids: IdSource = vocabulary()): EmbeddingTable {
  return { name, dimension: 4, ids };
}

/**
 * Returns a declaration with the stages click and conversion over the columns `row`, `click`, `conversion` and `part`.
 * Features have a table with a vocabulary unless `options.embeddings` has another table of its name.
 */
export function declare(features: readonly Feature[], options: Partial<Declaration> = {}): Declaration {
  const own = new Set(features.flatMap(({ embedding }) => embedding ?? []));
  const given = options.embeddings ?? [];
  return {
    name: 'test',
    root: 'impression',
    stages: [stage('click', ['impression']), stage('conversion', ['click'])],
    roles: { impression: 'impression', click: 'click', conversion: 'conversion' },
    log: { ...LOG_DEFAULTS, ...options.log },
    csv: CSV_DEFAULTS,
    split: { by: 'column', column: 'part', train: ['train'], validation: ['validation'], test: ['test'] },
    entities: [],
    features,
    model: {
      type: 'esmm',
      file: null,
      sha256: null,
      hiddenUnits: [8],
      fields: 'concatenate',
      experts: null,
      crosses: null,
      wide: [],
    },
    training: {
      batchSize: 8,
      shuffle: 'rows',
      epochs: 1,
      optimizer: 'adam',
      learningRate: 0.001,
      momentum: 0,
      warmupSteps: 0,
      learningRateDecay: 'none',
      l2Embeddings: 0,
      dropout: 0,
      patience: null,
      stopBy: 'sum',
      l2Tables: {},
      seed: 1,
      engine: 'onnxruntime',
      calibration: 'none',
      calibrationOf: 'auto',
    },
    scoring: {
      columns: 'keys',
      format: 'parquet',
      score: null,
      rank: null,
      maxRejected: 0.5,
      maxUnknown: null,
      maxMissing: null,
    },
    gate: {
      minConversions: 200,
      maxAgeMs: null,
      tolerance: 0,
      pcoc: [0.67, 1.5],
      labelRate: 1.5,
      maxUnknown: 0.8,
      maxRise: 0.2,
      trusted: [],
      lastingAfter: 3,
      drift: null,
    },
    report: { segments: [] },
    monitoring: MONITORING_DEFAULTS,
    ...without(options, 'log'),
    embeddings: [
      ...given,
      ...[...own].filter((name) => !given.some((one) => one.name === name)).map((name) => table(name)),
    ],
  };
}

/** The section `log` of such a declaration. */
export const LOG_DEFAULTS = {
  keys: ['row'],
  time: null,
  group: null,
  kept: null,
  weight: null,
  outcomes: [],
  truth: null,
  maxRejected: 0,
} as const;

/** The present for all tests. */
export const NOW = Date.UTC(2026, 5, 1);

/** Opens and checks a log. */
export async function openLog({ database }: Workplace, path: string, declaration: Declaration): Promise<CheckedLog> {
  return checkLog(
    database,
    await openSource(database, path, { csv: declaration.csv, needed: logColumns(declaration) }),
    declaration,
    { now: NOW },
  );
}

/** Opens a log, fits an encoder to it, and returns all its rows encoded in one chunk. */
export async function encodeAll(place: Workplace, path: string, declaration: Declaration): Promise<LogChunk> {
  const log = await openLog(place, path, declaration);
  const { encoder } = await fitEncoder(place.database, log);
  const chunks: LogChunk[] = [];
  for await (const chunk of encodeLog(place.database, log, encoder, { chunkRows: 1_000_000 })) chunks.push(chunk);
  const [chunk] = chunks;
  if (chunk === undefined) throw new Error('log gave no rows');
  return chunk;
}

/** Returns the SQL of a few rows, whose columns are named in `columns`. */
export function rowsSql(columns: string, rows: readonly string[]): string {
  return `SELECT * FROM (VALUES ${rows.map((row) => `(${row})`).join(', ')}) AS rows(${columns})`;
}

function without<T extends object, K extends keyof T>(object: T, key: K): Omit<T, K> {
  const { [key]: _, ...rest } = object;
  return rest;
}
