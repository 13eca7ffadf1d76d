/** Divides a file of JSON lines into shards: it is read once, for its columns and the positions of its lines. */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { byteText } from '../../../numbers/text.ts';
import type { Database } from '../../database.ts';
import { DataError } from '../../errors.ts';
import type { CandidateFile } from '../candidate-file.ts';
import { isGzipped, openText } from '../csv/file.ts';
import type { CutOptions, FileCut, Shard } from '../format.ts';
import { JsonFacts } from './facts.ts';
import { linesOf, recordOf } from './lines.ts';

/** Reads a file of JSON lines, and ends a shard after `shardRows` rows or `maxShardBytes` bytes. */
export async function cutJsonLines(database: Database, file: CandidateFile, options: CutOptions): Promise<FileCut> {
  const { head, maxUnzippedBytes, maxCsvBytes, shardRows, maxShardBytes } = options;
  const { name, size } = file;
  if (!isGzipped(head) && size > maxCsvBytes)
    throw new DataError(
      'too_large',
      `${name} has ${byteText(size)}, expected at most ${byteText(maxCsvBytes)} in JSON lines: use Parquet, or several files`,
    );
  const text = await openText(file, {}, maxUnzippedBytes);
  const facts = new JsonFacts();
  const pieces = text.isFile ? null : new Pieces(database, name, options);
  const shards: Shard[] = [];
  let begun: { readonly firstRow: number; readonly start: number } | null = null;
  const close = async (end: number) => {
    if (begun === null) return;
    const { firstRow, start } = begun;
    const index = shards.length;
    const place = pieces === null ? { bytes: { start, end } } : { piece: await pieces.close(index) };
    shards.push({ index, firstRow, rows: facts.rows - firstRow, ...place });
  };
  try {
    for await (const line of linesOf(text.read(), name)) {
      if (begun === null || facts.rows - begun.firstRow === shardRows || line.start - begun.start >= maxShardBytes) {
        await close(line.start);
        begun = { firstRow: facts.rows, start: line.start };
      }
      await pieces?.add(line.bytes);
      facts.add(line, recordOf(line));
    }
    await close(size);
  } finally {
    await pieces?.end();
  }
  const notes = [...text.notes, ...facts.notes(name)];
  return { size, columns: facts.columns(name), rows: facts.rows, dialect: null, shards, notes };
}

/** Saves the lines of each shard as a file of their own: gzip is read from the beginning. */
class Pieces {
  readonly #path: string;
  readonly #savePiece: NonNullable<CutOptions['savePiece']>;
  #file: FileHandle | null = null;

  constructor(database: Database, name: string, { savePiece }: CutOptions) {
    if (savePiece === undefined)
      throw new DataError('unknown_format', `${name} is compressed or not UTF-8, expected JSON lines in UTF-8`);
    this.#path = join(database.scratch, database.uniqueName('piece'));
    this.#savePiece = savePiece;
  }

  async add(line: Buffer): Promise<void> {
    this.#file ??= await open(this.#path, 'w');
    await this.#file.writeFile(Buffer.concat([line, Buffer.from('\n')]));
  }

  async close(index: number): Promise<string> {
    await this.end();
    return this.#savePiece(index, this.#path);
  }

  async end(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }
}
