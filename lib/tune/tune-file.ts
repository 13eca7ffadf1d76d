/** `tune.json`: the trials of a search, written after each of them, from which an interrupted search continues. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import * as z from 'zod';
import { type Trial, trialSchema } from './trial.ts';

const FORMAT = 1;

const identity = z
  .object({
    /** SHA-256 of the declaration's text, hex. */
    declarationSha256: z.string(),
    /** Digest of the training rows. */
    trainingDigest: z.string(),
    seed: z.number().int(),
  })
  .readonly();

const fileSchema = z.object({
  formatVersion: z.literal(FORMAT),
  identity,
  /** Number of the best trial; `null` if none was trained to its end. */
  best: z.number().int().positive().nullable(),
  trials: z.array(trialSchema).readonly(),
});

/** What must be the same for a search to continue. */
export type SearchIdentity = z.infer<typeof identity>;

/** Thrown if the file is there and no search can continue from it. */
export class TuneFileError extends Error {
  override readonly name = 'TuneFileError';
}

const NAMES: Readonly<Record<keyof SearchIdentity, string>> = {
  declarationSha256: 'declaration',
  trainingDigest: 'log',
  seed: 'seed',
};

/**
 * Returns the trials in a file; none if it is not there. `name` is for messages.
 * @throws {TuneFileError} if it cannot be read, or is that of another search.
 */
export async function readTrials(path: string, name: string, expected: SearchIdentity): Promise<readonly Trial[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new TuneFileError(`${name} cannot be read: ${error.message}`);
  });
  if (text === null) return [];
  const parsed = fileSchema.safeParse(parsedJson(text));
  if (!parsed.success)
    throw new TuneFileError(`${name} is not a file of tune, expected one, or none (--out names another)`);
  const keys = Object.keys(NAMES) as (keyof SearchIdentity)[];
  const differing = keys.filter((key) => parsed.data.identity[key] !== expected[key]).map((key) => NAMES[key]);
  if (differing.length === 0) return parsed.data.trials;
  throw new TuneFileError(
    `${name} is of another ${differing.join(', of another ')}: remove it, or name another file with --out`,
  );
}

/** Writes the trials beside the file, and then puts them in its place: an interrupted write leaves it as it was. */
export async function writeTrials(
  path: string,
  content: { readonly identity: SearchIdentity; readonly best: number | null; readonly trials: readonly Trial[] },
): Promise<void> {
  const beside = `${path}.part`;
  await writeFile(beside, `${JSON.stringify({ formatVersion: FORMAT, ...content }, null, 2)}\n`);
  await rename(beside, path);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
