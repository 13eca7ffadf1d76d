/** What a published model needs to be scored in any thread, and the one way to open it there. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readOnnx } from '../../onnx/read-onnx.ts';
import { onnxPart } from '../../onnx/write-part.ts';
import { INPUTS_FILE, type InputSpec } from '../../table/encoded.ts';
import { type ColumnInput, columnInputs } from './column-inputs.ts';
import { PlainScorer } from './plain-scorer.ts';
import type { Scorer } from './scorer.ts';
import { type SplitModel, splitModel } from './split-model.ts';
import { SplitScorer } from './split-scorer.ts';

/** A model as graphs whose tensors stay in its folder. It can be sent to another thread. */
export interface ScoringProgram {
  /** Folder of the model's files. */
  readonly folder: string;
  readonly inputs: readonly ColumnInput[];
  readonly outputs: readonly string[];
  /** The whole graph. */
  readonly whole: Uint8Array;
  /** The same in parts; `null` for a model of a form that has none. */
  readonly split: SplitModel | null;
}

/**
 * Reads the `model.onnx` and `inputs.json` of a folder.
 * @throws {Error} where a file cannot be read, or onnxruntime does not run the model.
 */
export async function readProgram(folder: string): Promise<ScoringProgram> {
  const path = join(folder, 'model.onnx');
  const specs = JSON.parse(await readFile(join(folder, INPUTS_FILE), 'utf8')) as readonly InputSpec[];
  const model = readOnnx(path);
  const outputs = model.outputs.map(({ name }) => name);
  const given = new Set(model.inputs.map(({ name }) => name));
  return {
    folder: dirname(path),
    inputs: columnInputs(specs).filter(({ name }) => given.has(name)),
    outputs,
    whole: onnxPart(model, { outputs }).bytes,
    split: await splitModel(path, model, specs),
  };
}

/** Bytes of the parts of entities that are kept for rows to come, by all threads together. */
const KEPT_BYTES = 96 * 2 ** 20;
/** And by each thread, at least. */
const LEAST_KEPT_BYTES = 32 * 2 ** 20;

/** Opens a model in this thread, which is one of so many that score with it. */
export async function openScorer({ whole, split, inputs, folder }: ScoringProgram, threads: number): Promise<Scorer> {
  const plain = await PlainScorer.open(whole, inputs, folder);
  if (split === null) return plain;
  return SplitScorer.open(split, plain, { folder, keptBytes: Math.max(KEPT_BYTES / threads, LEAST_KEPT_BYTES) });
}
