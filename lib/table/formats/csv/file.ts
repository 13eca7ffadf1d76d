/** Reads the uncompressed bytes of CSV files. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { isGzipName } from '../../../contract/bucket.ts';
import { DataError, firstLine } from '../../errors.ts';
import type { ByteRange } from '../candidate-file.ts';

/** A CSV file whose uncompressed bytes can be read. */
export interface CsvFile {
  /** Name for messages. */
  readonly name: string;
  /** Streams uncompressed bytes in order. @default the whole file */
  read(range?: ByteRange): AsyncIterable<Buffer>;
}

const BLOCK_BYTES = 1024 * 1024;

/** Returns a local CSV file, which is decompressed if `name` ends in `.gz`. */
export function localCsv(path: string, name: string = path): CsvFile {
  return {
    name,
    read(range) {
      if (isGzipName(name))
        return bytesWithin(unzipped(createReadStream(path, { highWaterMark: BLOCK_BYTES }), name), range);
      return createReadStream(path, {
        highWaterMark: BLOCK_BYTES,
        ...(range && { start: range.start, end: range.end - 1 }),
      });
    },
  };
}

/**
 * Yields the uncompressed bytes of gzip.
 * @throws {DataError} if the gzip is broken or cut off.
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

/** Yields the bytes of a stream that are within a range. */
export async function* bytesWithin(
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
