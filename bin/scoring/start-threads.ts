/** Scoring threads that start before anything else: they load onnxruntime while this thread loads what it needs. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ScoringThreads } from '../../lib/engine/scoring/scoring-threads.ts';
import { type Io, pathIn } from '../terminal/io.ts';

/** Files of more bytes have so many rows that the scoring threads are worth their start. */
const MANY_BYTES = 4 * 2 ** 20;

/** Starts threads where the files are large; returns `null` where they are not, or one thread scores: this one. */
export async function startThreads(
  io: Pick<Io, 'cwd'>,
  files: readonly string[],
  threads: number,
): Promise<ScoringThreads | null> {
  return threads > 1 && (await bytesOf(io, files)) >= MANY_BYTES ? new ScoringThreads(threads) : null;
}

/** Returns the bytes of all files; one that is absent has none. */
async function bytesOf(io: Pick<Io, 'cwd'>, files: readonly string[]): Promise<number> {
  const sizes = files.map(async (file) => (await stat(resolve(pathIn(io, file))).catch(() => null))?.size ?? 0);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
