/**
 * The encoder's probe: raw values as text, and what they were encoded to when the encoder was written. When an encoder
 * is read, they are encoded again, so that a version of the code or of DuckDB that encodes them differently is refused.
 * The build that wrote them need not: planning that query takes longer than all else that opens an encoder.
 */
import { version as duckdbVersion } from '@duckdb/node-api';
import type { EmbeddingTable, Feature } from '../../config/declaration.ts';
import { digestText } from '../../workers/file-digest.ts';
import { byPosition, type Column, type Relation } from '../columns.ts';
import { type Database, literal, query } from '../database.ts';
import type { EncodedChunk, InputSpec } from '../encoded.ts';
import { type Encoder, embeddingTable } from '../encoder.ts';
import { EncoderMismatchError } from '../errors.ts';
import type { ProbeValue } from '../kinds/feature-kind.ts';
import { idSourceKind } from '../kinds/id-sources.ts';
import { featureColumns, featureKind, valueColumns } from '../kinds/index.ts';
import { encodeCandidates } from './encode.ts';

/** Encoded value of an input: an id, a number (`null` for NaN), a vector's numbers, or a bag's ids and weights. */
export type ProbeResult =
  | number
  | null
  | readonly (number | null)[]
  | { readonly ids: readonly number[]; readonly weights: readonly number[] };

/** Rows of raw values, and what they must be encoded to. */
export interface Probe {
  /** Values by column, row by row. */
  readonly rows: readonly Readonly<Record<string, ProbeValue>>[];
  /** Encoded values by input, row by row. */
  readonly expected: readonly Readonly<Record<string, ProbeResult>>[];
}

const VOCABULARY_SAMPLE = 12;

/**
 * Returns what identifies a build, its DuckDB and its platform together with an encoder and its probe: whatever has the
 * same mark encodes the probe to what it has. `null` without a build.
 */
export function probeMark(build: string | null, encoder: object, { rows, expected }: Probe): string | null {
  if (build === null) return null;
  return digestText(JSON.stringify([build, duckdbVersion(), process.platform, process.arch, encoder, rows, expected]));
}

/** Chooses values for every feature, and records what the encoder encodes them to. */
export async function makeProbe(database: Database, encoder: Encoder): Promise<Probe> {
  const samples = new Map<string, ProbeValue[]>();
  for (const [index, feature] of encoder.features.entries()) {
    for (const [column, values] of await samplesOf(database, encoder, feature, encoder.inputs[index])) {
      samples.set(column, [...(samples.get(column) ?? []), ...values]);
    }
  }
  const count = Math.max(...[...samples.values()].map((values) => values.length));
  const rows = Array.from({ length: count }, (_, row) =>
    Object.fromEntries([...samples].map(([column, values]) => [column, values[row % values.length] ?? null])),
  );
  return { rows, expected: await encodeProbe(database, encoder, rows) };
}

/**
 * Encodes the probe's rows again.
 * @throws {EncoderMismatchError} naming the first feature and value that are encoded differently.
 */
export async function verifyProbe(database: Database, encoder: Encoder, probe: Probe, folder: string): Promise<void> {
  const got = await encodeProbe(database, encoder, probe.rows);
  for (const [row, expected] of probe.expected.entries()) {
    for (const feature of encoder.features) {
      const { name } = feature;
      const [result, recorded] = [JSON.stringify(got[row]?.[name]), JSON.stringify(expected[name])];
      if (result === recorded) continue;
      const values = valueColumns(feature).map((column) => JSON.stringify(probe.rows[row]?.[column]));
      throw new EncoderMismatchError(name, values.join(' x '), result, recorded, folder);
    }
  }
}

async function encodeProbe(
  database: Database,
  encoder: Encoder,
  rows: Probe['rows'],
): Promise<Record<string, ProbeResult>[]> {
  const results: Record<string, ProbeResult>[] = [];
  for await (const chunk of encodeCandidates(database, probeRelation(encoder.features, rows), [], encoder)) {
    for (let row = 0; row < chunk.rows; row += 1) {
      results.push(Object.fromEntries(encoder.inputs.map((input) => [input.name, resultAt(chunk, input, row)])));
    }
  }
  return results;
}

function resultAt(chunk: EncodedChunk, input: InputSpec, row: number): ProbeResult {
  const { name } = input;
  switch (input.kind) {
    case 'id':
      return Number(chunk.ids[name]?.[row]);
    case 'bag':
    case 'sequence': {
      const [from, to] = [row * input.length, (row + 1) * input.length];
      const ids = [...(chunk.ids[name]?.subarray(from, to) ?? [])].map(Number);
      return { ids, weights: [...(chunk.weights[name]?.subarray(from, to) ?? [])] };
    }
    case 'number':
    case 'quantile':
      return jsonNumber(chunk.numbers[name]?.[row] ?? Number.NaN);
    case 'vector':
      return [...(chunk.numbers[name]?.subarray(row * input.length, (row + 1) * input.length) ?? [])].map(jsonNumber);
  }
}

/** JSON has neither NaN nor -0, and no transform treats 0 and -0 differently. */
function jsonNumber(number: number): number | null {
  return Number.isNaN(number) ? null : number + 0;
}

/** Returns the rows as a relation of text columns. */
function probeRelation(features: readonly Feature[], rows: Probe['rows']): Relation {
  const columns = new Map<string, string>();
  for (const { column, use } of features.flatMap(featureColumns))
    columns.set(column, use === 'list' || use === 'vector' ? 'VARCHAR[]' : 'VARCHAR');
  const listed: Column[] = byPosition([...columns].map(([name, type]) => ({ name, type })));
  const tuples = rows.map(
    (row, index) => `(${[index, ...listed.map(({ name, type }) => valueSql(row[name] ?? null, type))].join(', ')})`,
  );
  const names = ['"#row"', ...listed.map(({ sql }) => sql)];
  const from = `(VALUES ${tuples.join(', ')}) AS probe(${names.join(', ')})`;
  return { from, columns: listed, isText: true, texts: { nullValues: [], decimal: '.' }, name: 'probe.json' };
}

function valueSql(value: ProbeValue, type: string): string {
  const text =
    value === null
      ? 'NULL'
      : typeof value === 'string'
        ? literal(value)
        : `[${value.map((item) => (item === null ? 'NULL' : literal(item))).join(', ')}]`;
  return `CAST(${text} AS ${type})`;
}

/** Returns values for each column of a feature. */
async function samplesOf(
  database: Database,
  encoder: Encoder,
  feature: Feature,
  input: InputSpec | undefined,
): Promise<(readonly [column: string, values: readonly ProbeValue[]])[]> {
  const texts =
    feature.embedding === null ? [] : await textsOf(database, encoder, embeddingTable(encoder, feature.embedding));
  const values = featureKind(feature).probe(feature, texts, input);
  return featureColumns(feature).map(({ column }, index) => [column, values[index] ?? []]);
}

/** Returns texts for a table: its first, its last and some other values, then edge cases. */
async function textsOf(database: Database, encoder: Encoder, { name, ids }: EmbeddingTable): Promise<string[]> {
  const edgeCases = idSourceKind(ids).edgeCaseTexts(ids);
  const vocabulary = encoder.vocabularies[name];
  if (vocabulary === undefined || vocabulary.size === 0) return [...edgeCases];
  const step = Math.max(1, Math.floor(vocabulary.size / VOCABULARY_SAMPLE));
  const sample = `SELECT value FROM (SELECT value, row_number() OVER (ORDER BY id) AS place FROM ${vocabulary.table}) WHERE place = ${vocabulary.size} OR place % ${step} = 1 % ${step} ORDER BY place`;
  return [...(await query(database, sample)).map(({ value }) => String(value)), ...edgeCases];
}
