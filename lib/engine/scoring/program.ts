/** What a published model needs to be scored in any thread, and the one way to open it there. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readOnnx } from '../../onnx/read-onnx.ts';
import { INPUTS_FILE, type InputSpec } from '../../table/encoded.ts';
import { type ColumnInput, columnInputs } from './column-inputs.ts';
import { EmbeddingTables, type SharedTables, shareTables } from './embedding-tables.ts';
import { gatherableTables, type ScoringGraph, scoringGraph } from './gathered-graph.ts';
import { type SplitModel, splitModel } from './parts/split-model.ts';
import { SplitScorer } from './parts/split-scorer.ts';
import { PlainScorer } from './plain-scorer.ts';
import type { Scorer } from './scorer.ts';

/** A model as graphs, most of whose tensors stay in its folder. It can be sent to another thread. */
export interface ScoringProgram {
  /** Folder of the model's files. */
  readonly folder: string;
  readonly inputs: readonly ColumnInput[];
  readonly outputs: readonly string[];
  readonly whole: ScoringGraph;
  /** The same in parts; `null` for a model of a form that has none. */
  readonly split: SplitModel | null;
  /** The tables that the graphs do not gather from themselves; `null` for none. */
  readonly tables: SharedTables | null;
}

/** Threads that score with a program. */
export interface ProgramThreads {
  readonly threads: number;
  /** Most bytes of embedding tables that they share, instead of having onnxruntime read them. */
  readonly tableBytes: number;
}

/**
 * Reads the `model.onnx` and `inputs.json` of a folder.
 * @param many the threads that many rows come to. @default few rows come, to one thread
 * @throws {Error} where a file cannot be read, or onnxruntime does not run the model.
 */
export async function readProgram(folder: string, many?: ProgramThreads): Promise<ScoringProgram> {
  const specs = JSON.parse(await readFile(join(folder, INPUTS_FILE), 'utf8')) as readonly InputSpec[];
  const model = readOnnx(join(folder, 'model.onnx'));
  const outputs = model.outputs.map(({ name }) => name);
  const given = new Set(model.inputs.map(({ name }) => name));
  const inputs = new Map(columnInputs(specs).map((input) => [input.name, input]));
  const options = { inputs, tables: gatherableTables(model, inputs, many?.tableBytes ?? 0) };
  const whole = scoringGraph(model, outputs, options);
  const split = await splitModel(folder, model, options);
  return {
    folder,
    inputs: [...inputs.values()].filter(({ name }) => given.has(name)),
    outputs,
    whole,
    split,
    tables: many === undefined ? null : shareTables([whole, ...(split?.parts ?? [])], folder, many.threads),
  };
}

/** Bytes of the parts of entities that are kept for rows to come, by all threads together. */
export const KEPT_BYTES = 192 * 2 ** 20;
/** And by each thread, at least. */
const LEAST_KEPT_BYTES = 32 * 2 ** 20;

/** A scorer that opens graphs when rows need them. */
export interface OpenScorer extends Scorer {
  /** Opens, before any rows come, the graphs that many rows need most often. @throws {Error} as the rows would fail. */
  openGraphs(): Promise<void>;
}

/** Opens a model in this thread, which is one of so many that score with it, with a position from 0 on. */
export async function openScorer(
  { outputs, whole, split, tables, folder }: ScoringProgram,
  { threads, thread = 0 }: { readonly threads: number; readonly thread?: number },
): Promise<OpenScorer> {
  const site = { folder, tables: tables && (await EmbeddingTables.attach(tables, thread)) };
  const plain = new PlainScorer(whole, outputs, site);
  // A single request should not wait for it. Many rows may need the parts alone.
  if (tables === null) await plain.openGraphs();
  if (split === null) return plain;
  const keptBytes = Math.max(KEPT_BYTES / threads, LEAST_KEPT_BYTES);
  return SplitScorer.open(split, plain, { ...site, outputs, keptBytes });
}
