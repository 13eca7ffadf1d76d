/** The text of a request's body, which may be compressed. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/** Bytes of a body as they came: at most so many, compressed or not. */
export interface Body {
  readonly bytes: Uint8Array;
  /** The request's `content-encoding`. @default not compressed */
  readonly encoding?: string | undefined;
}

/** Most bytes of a body: 10 MiB. */
export const BODY_BYTES = 10 * 2 ** 20;

/** Thrown where a body is none that can be read, with the status of the response. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly status: 400 | 413 | 415;

  constructor(status: 400 | 413 | 415, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** Returns the error of a body that is too long. */
export function bodyTooLong(mostBytes: number): BodyError {
  return new BodyError(413, `request has more than ${mostBytes} bytes, expected at most as many`);
}

/**
 * Returns the text of a body.
 * @throws {BodyError} if it is longer than `mostBytes`, also once it is decompressed, or is no gzip, or no UTF-8.
 */
export async function bodyText({ bytes, encoding = 'identity' }: Body, mostBytes: number): Promise<string> {
  if (bytes.length > mostBytes) throw bodyTooLong(mostBytes);
  const plain = await plainBytes(bytes, encoding.trim().toLowerCase(), mostBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(plain);
  } catch (cause) {
    throw new BodyError(400, 'request is not UTF-8', { cause });
  }
}

async function plainBytes(bytes: Uint8Array, encoding: string, mostBytes: number): Promise<Uint8Array> {
  switch (encoding) {
    case '':
    case 'identity':
      return bytes;
    case 'gzip':
    case 'x-gzip':
      try {
        return await promisify(gunzip)(bytes, { maxOutputLength: mostBytes });
      } catch (cause) {
        if (cause instanceof RangeError) throw bodyTooLong(mostBytes);
        throw new BodyError(400, `request is not gzip: ${cause instanceof Error ? cause.message : cause}`, { cause });
      }
    default:
      throw new BodyError(415, `content-encoding got ${encoding}, expected gzip, or none`);
  }
}
