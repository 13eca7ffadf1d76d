/** Scores rows of a log with the ONNX file that will also score candidates. */
import { openScoringModel, type ScoringModel } from '../../engine/ort/scoring-model.ts';
import type { EncodingModel } from '../../predictor/open-model.ts';
import { type Outcomes, readOutcomes } from '../../table/check/outcomes.ts';
import { encodeLog } from '../../table/encode/encode.ts';
import type { EncodedChunk, Part } from '../../table/encoded.ts';
import type { OpenedLog } from '../../table/open-log.ts';
import { mapAhead } from '../../workers/map-ahead.ts';
import type { OnProgress, Progress } from '../progress.ts';
import type { EncodedRows } from '../rows/encoded-rows.ts';

/** The probability of every row, by output of the model. */
export type Probabilities = Readonly<Record<string, Float32Array>>;

/** The outcomes of rows of a log, and a model's scores of them. */
export interface ScoredRows extends Outcomes {
  readonly probabilities: Probabilities;
}

export interface PredictOptions {
  /** Rows that the chunks have together. */
  readonly rows: number;
  /** Phase under which the progress is reported. */
  readonly phase: Progress['phase'];
  /** Called with each chunk once it is scored. */
  readonly onChunk?: (chunk: EncodedChunk) => void;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/**
 * Scores every row of the chunks once.
 * @throws {Error} where there are more or fewer rows than `rows`.
 */
export async function predictChunks(
  { outputs, predict, chunksAtOnce }: Pick<ScoringModel, 'outputs' | 'predict' | 'chunksAtOnce'>,
  chunks: AsyncIterable<EncodedChunk>,
  { rows, phase, onChunk, onProgress, signal }: PredictOptions,
): Promise<Probabilities> {
  const probabilities = Object.fromEntries(outputs.map((name) => [name, new Float32Array(rows)]));
  let done = 0;
  const scored = mapAhead(chunks, chunksAtOnce, async (chunk) => ({ chunk, predictions: await predict(chunk) }));
  for await (const { chunk, predictions } of scored) {
    for (const [name, values] of Object.entries(predictions)) probabilities[name]?.set(values, done);
    onChunk?.(chunk);
    done += chunk.rows;
    onProgress?.({ phase, done, total: rows });
    signal?.throwIfAborted();
  }
  // Scores and outcomes are matched by position.
  if (done !== rows) throw new Error(`got ${done} encoded rows, expected ${rows}`);
  return probabilities;
}

/** Scores encoded rows once with the `model.onnx` of a folder. */
export async function predictRows(
  folder: string,
  rows: EncodedRows,
  { threads, ...options }: Omit<PredictOptions, 'rows'> & { readonly threads: number },
): Promise<Probabilities> {
  const model = await openScoringModel(folder, { threads });
  try {
    return await predictChunks(model, rows.chunks(), { ...options, rows: rows.rows });
  } finally {
    await model.release();
  }
}

/** Scores the rows of some parts of a log with a model and its own encoder, which is in the log's database. */
export async function scoreLog(
  { database, log }: OpenedLog,
  model: EncodingModel & ScoringModel,
  parts: readonly Part[],
  options: Omit<PredictOptions, 'rows'>,
): Promise<ScoredRows> {
  const outcomes = await readOutcomes(database, log, parts);
  const chunks = encodeLog(database, log, model.encoder, { parts });
  return { ...outcomes, probabilities: await predictChunks(model, chunks, { ...options, rows: outcomes.rows }) };
}
