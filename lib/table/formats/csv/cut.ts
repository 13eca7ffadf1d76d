/**
 * Divides a CSV file into shards. It must be scanned from beginning to end: whether a line end is in quotes depends on
 * all before it.
 */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { byteText } from '../../../numbers/text.ts';
import type { Database } from '../../database.ts';
import { DataError } from '../../errors.ts';
import type { CandidateFile } from '../candidate-file.ts';
import type { CutOptions, FileCut, Shard } from '../format.ts';
import { type FileFacts, fileFacts } from './facts.ts';
import { type CsvText, isGzipped, openText } from './file.ts';
import { csvRecords } from './import.ts';
import { type Reading, readSettled } from './misread.ts';
import type { RecordBlock } from './scan.ts';

/** Scans a CSV file, and ends a shard after `shardRows` rows or `maxShardBytes` bytes. */
export async function cutCsv(database: Database, file: CandidateFile, options: CutOptions): Promise<FileCut> {
  const { head, csv, maxUnzippedBytes, maxCsvBytes } = options;
  if (!isGzipped(head)) assertSize(file, maxCsvBytes);
  const text = await openText(file, csv, maxUnzippedBytes);
  const { dialect, result, notes } = await readSettled(text, csv, async (reading) => {
    const facts = fileFacts(reading.dialect);
    const cutter = text.isFile ? rangeCutter(file.size) : pieceCutter(database, file.name, options);
    try {
      return { facts, shards: await cutShards(text, reading, { size: file.size, options, cutter, facts }) };
    } finally {
      await cutter.end();
    }
  });
  const columns = dialect.header.map((name) => ({ name, type: 'VARCHAR' }));
  const { facts, shards } = result;
  const rows = shards.reduce((sum, shard) => sum + shard.rows, 0);
  const told = [...text.notes, ...notes, ...facts.notes(file.name)];
  return { size: file.size, columns, rows, dialect, shards, notes: told };
}

interface Cutting {
  /** Bytes of the file. */
  readonly size: number;
  readonly options: CutOptions;
  readonly cutter: Cutter;
  readonly facts: FileFacts;
}

async function cutShards(text: CsvText, reading: Reading, { size, options, cutter, facts }: Cutting): Promise<Shard[]> {
  const shards: Shard[] = [];
  let rows = 0;
  let begun: { readonly firstRow: number; readonly start: number; isClean: boolean } | null = null;
  const close = async (end: number | null) => {
    if (begun === null) return;
    const { firstRow, start, isClean } = begun;
    const index = shards.length;
    const place = await cutter.close(index, start, end);
    shards.push({ index, firstRow, rows: rows - firstRow, ...place, ...(isClean && { isClean }) });
  };
  const { bodyStart } = reading.dialect;
  const following = cleanRecords(bodyStart);
  for await (const block of csvRecords(text, reading)) {
    facts.add(block);
    const isClean = following.isClean(block, bodyStart + block.offset);
    for (let from = 0; from < block.count; ) {
      const position = bodyStart + block.offset + (block.starts[from] ?? 0);
      const isFull = (shard: { firstRow: number; start: number }) =>
        rows - shard.firstRow === options.shardRows || position - shard.start >= options.maxShardBytes;
      if (begun === null || isFull(begun)) {
        await close(position);
        begun = { firstRow: rows, start: position, isClean };
      }
      begun.isClean &&= isClean;
      const count = Math.min(block.count - from, options.shardRows - (rows - begun.firstRow));
      await cutter.add(block, from, count);
      rows += count;
      from += count;
    }
  }
  if (begun !== null && text.isFile && !following.isEnd(size)) begun.isClean = false;
  await close(null);
  return shards;
}

function assertSize({ name, size }: CandidateFile, limit: number): void {
  if (size > limit)
    throw new DataError(
      'too_large',
      `${name} has ${byteText(size)}, expected at most ${byteText(limit)} in CSV: use Parquet, or several files`,
    );
}

/**
 * Follows records from a position on, as long as they are clean: as DuckDB reads them, one after the other, and each with
 * LF at its end. Where others follow, `isClean` is false for these.
 */
function cleanRecords(begin: number) {
  let next = begin;
  return {
    isClean({ bytes, count, starts, ends, faults }: RecordBlock, first: number): boolean {
      let clean = faults.size === 0;
      for (let i = 0; i < count; i += 1) {
        const end = ends[i] as number;
        clean &&= first + (starts[i] as number) === next && (end === bytes.length || bytes[end] === LF);
        next = first + end + 1;
      }
      return clean;
    },
    /** Whether nothing follows the last record of a file of this size but its line end, if it has one. */
    isEnd: (size: number) => next >= size,
  };
}

const LF = 10;

/** Receives the rows of each shard, and says where they can be read. */
interface Cutter {
  /** Adds consecutive records of a block to the current shard. */
  add(block: RecordBlock, from: number, count: number): Promise<void>;
  /** Ends the current shard. `end` is `null` at the end of the file. */
  close(index: number, start: number, end: number | null): Promise<Pick<Shard, 'bytes' | 'piece'>>;
  /** Removes temporary files. */
  end(): Promise<void>;
}

function rangeCutter(size: number): Cutter {
  return {
    add: async () => undefined,
    close: async (_, start, end) => ({ bytes: { start, end: end ?? size } }),
    end: async () => undefined,
  };
}

/** Saves the rows of each shard as a file of their own: gzip and text in other encodings are read from the beginning. */
function pieceCutter(database: Database, name: string, { savePiece }: CutOptions): Cutter {
  if (savePiece === undefined)
    throw new DataError('unknown_format', `${name} is compressed or not UTF-8, expected .parquet, or .csv in UTF-8`);
  const path = join(database.scratch, database.uniqueName('piece'));
  let piece: FileHandle | null = null;
  const end = async () => {
    await piece?.close();
    piece = null;
    await rm(path, { force: true });
  };
  return {
    async add({ bytes, starts, ends }, from, count) {
      piece ??= await open(path, 'w');
      await piece.writeFile(bytes.subarray(starts[from], ends[from + count - 1]));
      await piece.writeFile('\n');
    },
    async close(index) {
      await piece?.close();
      piece = null;
      const saved = await savePiece(index, path);
      await end();
      return { piece: saved };
    },
    end,
  };
}
