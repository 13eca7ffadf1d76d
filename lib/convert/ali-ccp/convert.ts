/**
 * Converts the public Ali-CCP dump (Ma et al., SIGIR 2018; https://tianchi.aliyun.com/dataset/408) into a log: Parquet
 * files with a row for each line of the skeleton, joined with its common features.
 */
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { percent } from '../../numbers/text.ts';
import type { Database } from '../../table/database.ts';
import { DataError } from '../../table/errors.ts';
import { type DumpFiles, type DumpName, findDump } from './find-dump.ts';
import { LogWriter, noRows, type PartCounts } from './log-writer.ts';
import { problemText } from './problems.ts';
import { type FileFacts, readCommonFeatures, readSkeleton } from './read-dump.ts';
import type { LineReader } from './read-lines.ts';

export interface ConversionOptions {
  /** Folder of the unpacked files. */
  readonly data: string;
  /** Folder of the log, which must not be there yet. */
  readonly out: string;
  /** Ids kept of a bag: those of greatest weight. */
  readonly maxLength: number;
  /** Share of the training rows that are validation rows, by a hash of their id. */
  readonly validation: number;
  /** Share of a file's lines that may be left out. */
  readonly maxRejected: number;
}

export interface ConversionProgress {
  /** File being read. */
  readonly file: string;
  readonly bytes: number;
  readonly totalBytes: number;
}

/** What was converted. */
export interface Conversion {
  readonly counts: PartCounts;
  readonly files: number;
  readonly read: readonly FileFacts[];
}

export interface ConversionContext {
  readonly database: Database;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ConversionProgress) => void;
}

/**
 * Converts a dump. The folder of the log appears when all of it is written: an interrupted conversion leaves none.
 * @throws {DataError} if a file is missing, empty, another one, cut off, or has more bad lines than allowed.
 */
export async function convertAliCcp(options: ConversionOptions, context: ConversionContext): Promise<Conversion> {
  const dump = await findDump(options.data);
  const unfinished = `${options.out}.partial`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  try {
    const into = { ...options, out: unfinished };
    const train = await convertPart('train', dump.train, into, context);
    const test = dump.test === null ? NOTHING : await convertPart('test', dump.test, into, context);
    await rename(unfinished, options.out);
    return {
      counts: { ...train.counts, test: test.counts.test },
      files: train.files + test.files,
      read: [...train.read, ...test.read],
    };
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

const NOTHING: Conversion = { counts: noRows(), files: 0, read: [] };

async function convertPart(
  name: DumpName,
  { common, skeleton }: DumpFiles,
  { out, maxLength, maxRejected, validation }: ConversionOptions,
  context: ConversionContext,
): Promise<Conversion> {
  const { shared, facts } = await readCommonFeatures(common, maxLength, await readerOf(common, context));
  requireFew(facts, maxRejected);
  const writer = new LogWriter({ name, database: context.database, folder: out, shared, validation });
  try {
    const reader = await readerOf(skeleton, context, () => writer.writeFull());
    const rows = await readSkeleton(skeleton, { shared, maxLength }, reader, (row, own) => writer.add(row, own));
    requireFew(rows, maxRejected);
    await writer.end();
    return { counts: writer.counts, files: writer.files, read: [facts, rows] };
  } finally {
    await writer.settle();
  }
}

async function readerOf(
  file: string,
  { signal, onProgress }: ConversionContext,
  afterPiece: () => Promise<void> = async () => undefined,
): Promise<LineReader> {
  const { size } = await stat(file);
  return {
    signal,
    async afterPiece(bytes) {
      await afterPiece();
      onProgress({ file, bytes, totalBytes: size });
    },
  };
}

function requireFew({ file, lines, problems }: FileFacts, maxRejected: number): void {
  if (problems.total <= maxRejected * lines) return;
  const most = problems.list().toSorted((a, b) => b.lines - a.lines)[0];
  const share = percent(problems.total / lines);
  const reason = most === undefined ? '' : `: ${problemText(most)}`;
  throw new DataError(
    'too_many_rejects',
    `${file} has ${share} bad lines, expected at most ${percent(maxRejected)} (--max-rejected)${reason}`,
  );
}
