/**
 * Warm start: initial weights from a version that was trained before. Embedding rows are matched by the value that they
 * embed, dense parameters by name, and rows of the first layers by the input that they belong to. Weights that the
 * version lacks get the usual initial values.
 */
import { join } from 'node:path';
import type { Weights } from '../../engine/engine.ts';
import { embeddingName } from '../../engine/ort/scoring-graph.ts';
import { readOnnxWeights, type StoredWeights } from '../../graph/onnx-weights.ts';
import type { ModelTable } from '../../model/embeddings.ts';
import { columnNames, layoutOf } from '../../model/fields.ts';
import type { Model } from '../../model/model.ts';
import type { ParameterSpec } from '../../model/network.ts';
import { modelFiles, openEncoder } from '../../predictor/open-model.ts';
import type { Database } from '../../table/database.ts';
import { sharedIds } from '../../table/encode/shared-ids.ts';
import type { Encoder } from '../../table/encoder.ts';

/** A published version, fetched. */
export interface ChampionFiles {
  readonly version: string;
  /** Local folder with its files. */
  readonly folder: string;
}

/** Weights to begin training with. */
export interface WarmWeights {
  readonly weights: Weights;
  /** 1 for each row that holds the champion's values, 0 for every other, by embedding table. */
  readonly keptRows: Readonly<Record<string, Uint8Array>>;
}

/** How much of a version's weights training begins with. */
export interface WarmStartReport {
  readonly version: string;
  /** Number of rows that hold the version's values, and of all rows, by embedding table. */
  readonly tables: Readonly<Record<string, { readonly kept: number; readonly rows: number }>>;
  /** Names of the dense parameters that hold the version's values, in full or for some inputs only, and of new ones. */
  readonly parameters: {
    readonly kept: readonly string[];
    readonly partly: readonly string[];
    readonly fresh: readonly string[];
  };
}

/**
 * Returns a version's weights as far as they fit the model, and `fresh` ones for the rest. The tables are those of
 * `fresh`, for there may be no memory for another copy.
 */
export async function warmStart(
  database: Database,
  { version, folder }: ChampionFiles,
  { model, encoder, fresh }: { readonly model: Model; readonly encoder: Encoder; readonly fresh: Weights },
): Promise<WarmWeights & { readonly report: WarmStartReport }> {
  const { encoder: before, declaration } = await openEncoder(database, await modelFiles(folder));
  const columnsBefore = columnNames(layoutOf(before.inputs, before.tables, declaration.model.fields));
  const stored = await readOnnxWeights(join(folder, 'model.onnx'));

  const tables: Record<string, Float32Array> = {};
  const keptRows: Record<string, Uint8Array> = {};
  for (const spec of model.embeddings.tables) {
    const { values, kept } = await warmTable(database, spec, { encoder, before, stored, fresh });
    tables[spec.name] = values;
    keptRows[spec.name] = kept;
  }
  const columns = columnNames(model.layout);
  const parameters = model.network.parameters.map((spec) => {
    const { name } = spec;
    const values = fresh.parameters[name] as Float32Array;
    return { name, ...warmParameter(spec, values, stored.get(name), { columns, columnsBefore }) };
  });
  const named = (kept: Kept) => parameters.filter((parameter) => parameter.kept === kept).map(({ name }) => name);
  return {
    weights: { parameters: Object.fromEntries(parameters.map(({ name, values }) => [name, values])), tables },
    keptRows,
    report: {
      version,
      tables: Object.fromEntries(
        model.embeddings.tables.map(({ name, rows }) => [
          name,
          { kept: (keptRows[name] as Uint8Array).reduce((sum, flag) => sum + flag, 0), rows },
        ]),
      ),
      parameters: { kept: named('kept'), partly: named('partly'), fresh: named('fresh') },
    },
  };
}

interface Sources {
  readonly encoder: Encoder;
  readonly before: Encoder;
  readonly stored: ReadonlyMap<string, StoredWeights>;
  readonly fresh: Weights;
}

async function warmTable(
  database: Database,
  { name, ids, rows, dimension }: ModelTable,
  { encoder, before, stored, fresh }: Sources,
): Promise<{ values: Float32Array; kept: Uint8Array }> {
  const values = fresh.tables[name] as Float32Array;
  const kept = new Uint8Array(rows);
  const weights = stored.get(embeddingName(name));
  if (weights === undefined || weights.shape[1] !== dimension) return { values, kept };
  for (const [to, from] of await sharedIds(database, ids, { encoder, before })) {
    values.set(weights.values.subarray(from * dimension, (from + 1) * dimension), to * dimension);
    kept[to] = 1;
  }
  return { values, kept };
}

type Kept = 'kept' | 'partly' | 'fresh';

/** The names of all columns of a tower's input, in the model and in the version. */
interface ColumnNames {
  readonly columns: readonly string[];
  readonly columnsBefore: readonly string[];
}

function warmParameter(
  { shape, columns: runs }: ParameterSpec,
  fresh: Float32Array,
  stored: StoredWeights | undefined,
  names: ColumnNames,
): { values: Float32Array; kept: Kept } {
  const isSame = (some: readonly number[], others: readonly number[]) => String(some) === String(others);
  if (stored === undefined || !isSame(shape.slice(1), stored.shape.slice(1))) return { values: fresh, kept: 'fresh' };
  const isSameShape = isSame(shape, stored.shape);
  if (runs === undefined || String(names.columns) === String(names.columnsBefore))
    return isSameShape ? { values: stored.values, kept: 'kept' } : { values: fresh, kept: 'fresh' };
  // Which columns the rows belonged to is known only where they were all columns.
  if (stored.shape[0] !== names.columnsBefore.length) return { values: fresh, kept: 'fresh' };
  const own = runs.flatMap(({ start, count }) => names.columns.slice(start, start + count));
  if (String(own) === String(names.columnsBefore)) return { values: stored.values, kept: 'kept' };
  const units = shape[1] as number;
  const values = fresh.slice();
  const known = own.map((column) => names.columnsBefore.indexOf(column));
  known.forEach((from, to) => {
    if (from >= 0) values.set(stored.values.subarray(from * units, (from + 1) * units), to * units);
  });
  return { values, kept: known.some((from) => from >= 0) ? 'partly' : 'fresh' };
}
