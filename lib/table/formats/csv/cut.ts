/**
 * Divides a CSV file into shards. It must be scanned from beginning to end: whether a line end is in quotes depends on
 * all before it.
 */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isGzipName } from '../../../contract/bucket.ts';
import { byteText } from '../../../numbers/text.ts';
import type { Database } from '../../database.ts';
import { DataError } from '../../errors.ts';
import type { CandidateFile } from '../candidate-file.ts';
import type { CutOptions, FileCut, Shard } from '../format.ts';
import { readDialect } from './dialect.ts';
import { bytesWithin, type CsvFile, unzipped } from './file.ts';
import { csvRecords } from './import.ts';
import type { RecordBlock } from './scan.ts';

/** Scans a CSV file, and ends a shard after `shardRows` rows or `maxShardBytes` bytes. */
export async function cutCsv(database: Database, file: CandidateFile, options: CutOptions): Promise<FileCut> {
  assertCompression(file, options.head);
  assertSize(file, options.maxCsvBytes);
  const isZipped = isGzipName(file.name);
  const csv = isZipped ? zippedCsv(file, options.maxUnzippedBytes) : file;
  const dialect = await readDialect(csv);
  const cutter = isZipped ? pieceCutter(database, file.name, options) : rangeCutter(file.size);
  const shards: Shard[] = [];
  let rows = 0;
  let begun: { readonly firstRow: number; readonly start: number } | null = null;
  const close = async (end: number | null) => {
    if (begun === null) return;
    const { firstRow, start } = begun;
    const index = shards.length;
    shards.push({ index, firstRow, rows: rows - firstRow, ...(await cutter.close(index, start, end)) });
  };
  try {
    for await (const block of csvRecords(csv, dialect)) {
      for (let from = 0; from < block.count; ) {
        const position = dialect.bodyStart + block.offset + (block.starts[from] ?? 0);
        const isFull = (shard: { firstRow: number; start: number }) =>
          rows - shard.firstRow === options.shardRows || position - shard.start >= options.maxShardBytes;
        if (begun === null || isFull(begun)) {
          await close(position);
          begun = { firstRow: rows, start: position };
        }
        const count = Math.min(block.count - from, options.shardRows - (rows - begun.firstRow));
        await cutter.add(block, from, count);
        rows += count;
        from += count;
      }
    }
    await close(null);
  } finally {
    await cutter.end();
  }
  const columns = dialect.header.map((name) => ({ name, type: 'VARCHAR' }));
  return { size: file.size, columns, rows, dialect, shards, notes: [] };
}

/** Refuses gzip under the name of plain CSV, and the reverse. */
function assertCompression({ name }: CandidateFile, head: Buffer): void {
  const isGzip = head[0] === 0x1f && head[1] === 0x8b;
  if (isGzipName(name) && !isGzip) throw new DataError('wrong_format', `${name} is not gzip, expected it by its name`);
  if (!isGzipName(name) && isGzip)
    throw new DataError('wrong_format', `${name} is gzip, expected plain CSV by its name: end it in .csv.gz`);
}

function assertSize({ name, size }: CandidateFile, limit: number): void {
  if (size > limit && !isGzipName(name))
    throw new DataError(
      'too_large',
      `${name} has ${byteText(size)}, expected at most ${byteText(limit)} in CSV: use Parquet, or several files`,
    );
}

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

/** Saves the rows of each shard as a file of their own, since gzip cannot be read from the middle. */
function pieceCutter(database: Database, name: string, { savePiece }: CutOptions): Cutter {
  if (savePiece === undefined)
    throw new DataError('unknown_format', `${name} is compressed, expected .parquet or .csv`);
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

function zippedCsv(file: CandidateFile, limit: number): CsvFile {
  const { name } = file;
  return { name, read: (range) => bytesWithin(limited(unzipped(file.read(), name), limit, name), range) };
}

async function* limited(blocks: AsyncIterable<Buffer>, limit: number, name: string): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const block of blocks) {
    bytes += block.length;
    if (bytes > limit)
      throw new DataError(
        'too_large',
        `${name} has more than ${byteText(limit)} uncompressed, expected at most that in gzip: use Parquet, or plain CSV`,
      );
    yield block;
  }
}
