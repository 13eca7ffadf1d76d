/**
 * Records of runs: what a run gave, in a file of its own, from which an interrupted comparison continues. A record is a
 * line of JSON, and the scores as float32, column by column. Its name has the digest of all that the scores depend on.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import type { RunScores } from './run.ts';

const FORMAT = 1;

const headerSchema = z.object({
  formatVersion: z.literal(FORMAT),
  facts: z.object({
    isCalibrated: z.boolean(),
    isOnChosenRows: z.boolean(),
    networks: z.array(z.object({ name: z.string().nullable(), bestEpoch: z.number(), epochs: z.number() })).readonly(),
  }),
  seconds: z.number().nonnegative(),
  /** SHA-256 of the scores, hex. */
  sha256: z.string(),
  columns: z.array(
    z.object({ part: z.enum(['validation', 'test']), output: z.string(), rows: z.number().int().nonnegative() }),
  ),
});

type Header = z.infer<typeof headerSchema>;

/** A run that has ended. */
export interface EndedRun extends RunScores {
  readonly seconds: number;
}

/** Writes a record beside its place, and then puts it there: an interrupted write leaves no record. */
export async function writeRun(path: string, { facts, seconds, ...scores }: EndedRun): Promise<void> {
  const columns = (['validation', 'test'] as const).flatMap((part) =>
    Object.entries(scores[part]).map(([output, values]) => ({ part, output, values })),
  );
  const bytes = Buffer.concat(
    columns.map(({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  );
  const header = {
    formatVersion: FORMAT,
    facts,
    seconds,
    sha256: digestOf(bytes),
    columns: columns.map(({ part, output, values }) => ({ part, output, rows: values.length })),
  } as const satisfies z.input<typeof headerSchema>;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.part`, Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), bytes]));
  await rename(`${path}.part`, path);
}

/** Returns a record; `null` where there is none, and why it cannot be used where it is damaged. */
export async function readRun(path: string): Promise<EndedRun | { readonly damage: string } | null> {
  const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (content === null) return null;
  const end = content.indexOf('\n');
  const parsed = headerSchema.safeParse(parsedJson(content.subarray(0, Math.max(0, end)).toString('utf8')));
  if (!parsed.success) return { damage: 'it has no header that can be read' };
  const bytes = content.subarray(end + 1);
  if (digestOf(bytes) !== parsed.data.sha256) return { damage: 'its scores are not those that were written' };
  return endedRun(parsed.data, bytes);
}

function endedRun({ facts, seconds, columns }: Header, bytes: Uint8Array): EndedRun {
  // A copy begins where a float may: the header has any length.
  const values = new Float32Array(new Uint8Array(bytes).buffer);
  const scores: Record<'validation' | 'test', Record<string, Float32Array>> = { validation: {}, test: {} };
  let at = 0;
  for (const { part, output, rows } of columns) {
    scores[part][output] = values.subarray(at, at + rows);
    at += rows;
  }
  return { ...scores, facts, seconds };
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
