/** The bytes of a CSV file, uncompressed. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { DataError, firstLine } from '../errors.ts';
import type { ByteRange } from './candidate-file.ts';

/** The text of a CSV file, uncompressed. */
export interface CsvFile {
  /** What it is called in messages. */
  readonly name: string;
  /** Bytes in their order. @default all of them */
  read(range?: ByteRange): AsyncIterable<Buffer>;
}

const BLOCK_BYTES = 1024 * 1024;

/** The text of a local file, which is compressed where its name ends in `.gz`. */
export function localCsv(path: string, name: string = path): CsvFile {
  return {
    name,
    read(range) {
      if (name.endsWith('.gz'))
        return within(unzipped(createReadStream(path, { highWaterMark: BLOCK_BYTES }), name), range);
      return createReadStream(path, {
        highWaterMark: BLOCK_BYTES,
        ...(range && { start: range.start, end: range.end - 1 }),
      });
    },
  };
}

/**
 * The bytes behind gzip.
 * @throws {DataError} where they are broken or cut off.
 */
export async function* unzipped(bytes: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  const source = Readable.from(bytes, { objectMode: false, highWaterMark: BLOCK_BYTES });
  const gunzip = createGunzip({ chunkSize: BLOCK_BYTES });
  let failure: unknown = null;
  source.on('error', (error) => {
    failure = error;
    gunzip.destroy(error);
  });
  try {
    yield* source.pipe(gunzip);
  } catch (error) {
    if (failure !== null) throw failure;
    throw new DataError('unreadable', `${name} is not readable gzip: ${firstLine(error)}`, { cause: error });
  } finally {
    source.destroy();
  }
}

/** The part of a stream that lies within a range. */
export async function* within(
  blocks: AsyncIterable<Buffer>,
  { start, end }: ByteRange = { start: 0, end: Number.POSITIVE_INFINITY },
): AsyncGenerator<Buffer> {
  let position = 0;
  for await (const block of blocks) {
    const part = block.subarray(Math.max(0, start - position), Math.max(0, end - position));
    position += block.length;
    if (part.length > 0) yield part;
    if (position >= end) return;
  }
}
