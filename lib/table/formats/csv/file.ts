/** Reads the uncompressed UTF-8 text of CSV files. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { CsvChoice } from '../../../config/declaration.ts';
import { isGzipName } from '../../../contract/bucket.ts';
import { byteText } from '../../../numbers/text.ts';
import { DataError, firstLine } from '../../errors.ts';
import type { ByteRange } from '../candidate-file.ts';

/** A CSV file whose bytes can be read. */
export interface CsvFile {
  /** Name for messages. */
  readonly name: string;
  /** Streams bytes in order. @default the whole file */
  read(range?: ByteRange): AsyncIterable<Buffer>;
}

/** The uncompressed UTF-8 text of a CSV file. */
export interface CsvText extends CsvFile {
  /** Whether the text is the file itself, so that positions are the same. */
  readonly isFile: boolean;
  /** What a user should know of how the text is read, one sentence each. */
  readonly notes: readonly string[];
}

const BLOCK_BYTES = 1024 * 1024;
/** Bytes of which compression and encoding are judged. */
const FIRST_BYTES = 512;

/** Returns a local file. */
export function localFile(path: string, name: string = path): CsvFile {
  return {
    name,
    read: (range) =>
      createReadStream(path, {
        highWaterMark: BLOCK_BYTES,
        ...(range && { start: range.start, end: range.end - 1 }),
      }),
  };
}

/**
 * Returns the text of a file, which is decompressed if it is gzip, and decoded by its byte order mark, the declared
 * encoding, or the zeros of UTF-16. `limit` bounds the uncompressed bytes of gzip.
 */
export async function openText(
  file: CsvFile,
  { encoding: declared }: Pick<CsvChoice, 'encoding'>,
  limit = Number.POSITIVE_INFINITY,
): Promise<CsvText> {
  const { name } = file;
  const notes: string[] = [];
  const isGzip = isGzipped(await firstBytes(file));
  if (isGzip && !isGzipName(name)) notes.push(`${name}: gzip by its content, although its name does not end in .gz`);
  if (!isGzip && isGzipName(name)) notes.push(`${name}: not compressed, although its name ends in .gz`);
  const plain: CsvFile = isGzip
    ? { name, read: (range) => bytesWithin(limited(unzipped(file.read(), name), limit, name), range) }
    : file;
  const first = await firstBytes(plain);
  const marked = markedEncoding(first);
  const encoding = marked ?? (declared === undefined ? null : new TextDecoder(declared).encoding) ?? guessed(first);
  if (encoding === 'utf-8') return { ...plain, isFile: !isGzip, notes };
  if (declared === undefined) notes.push(`${name}: read as ${encoding.toUpperCase()}`);
  return { name, read: (range) => bytesWithin(decoded(plain.read(), encoding), range), isFile: false, notes };
}

/** Whether bytes begin as gzip. */
export function isGzipped(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

async function firstBytes({ read }: CsvFile): Promise<Buffer> {
  const blocks: Buffer[] = [];
  let length = 0;
  for await (const block of read()) {
    blocks.push(block);
    length += block.length;
    if (length >= FIRST_BYTES) break;
  }
  return Buffer.concat(blocks).subarray(0, FIRST_BYTES);
}

function markedEncoding(first: Buffer): string | null {
  if (first.subarray(0, 3).equals(Buffer.from('\ufeff'))) return 'utf-8';
  if (first[0] === 0xff && first[1] === 0xfe) return 'utf-16le';
  return first[0] === 0xfe && first[1] === 0xff ? 'utf-16be' : null;
}

/** Text of UTF-16 without a mark has zeros beside its ASCII characters, and all on one side. */
function guessed(first: Buffer): string {
  const zeros = [0, 0];
  for (const [index, byte] of first.entries()) if (byte === 0) zeros[index & 1] = (zeros[index & 1] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  if (Math.max(even, odd) * 4 < first.length || Math.min(even, odd) > 0) return 'utf-8';
  return odd > even ? 'utf-16le' : 'utf-16be';
}

/** Yields text as UTF-8. What cannot be decoded becomes a byte that is not UTF-8, so that its row is rejected. */
async function* decoded(bytes: AsyncIterable<Buffer>, encoding: string): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding);
  for await (const block of bytes) yield encoded(decoder.decode(block, { stream: true }));
  yield encoded(decoder.decode());
}

const NOT_UTF8 = Buffer.of(0xff);

function encoded(text: string): Buffer {
  if (!text.includes('\ufffd')) return Buffer.from(text);
  return Buffer.concat(
    text.split('\ufffd').flatMap((part, i) => (i === 0 ? [Buffer.from(part)] : [NOT_UTF8, Buffer.from(part)])),
  );
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
    const message = firstLine(error);
    if (message === 'unexpected end of file')
      throw new DataError('cut_off', `${name} is cut off: its gzip has no end`, { cause: error });
    throw new DataError('unreadable', `${name} is not readable gzip: ${message}`, { cause: error });
  } finally {
    source.destroy();
  }
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
