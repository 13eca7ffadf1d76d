/** Digests of texts, and of files, which a thread may compute for another one. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

/** What identifies the content of a file. */
export interface FileDigest {
  /** In hexadecimal digits. */
  readonly sha256: string;
  readonly bytes: number;
}

const PIECE_BYTES = 2 ** 20;

/** Returns the SHA-256 of a text's UTF-8 bytes, in hexadecimal digits. */
export function digestText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Size and digest of a local file, read once in pieces: the next piece is read while one is hashed. */
export async function digestFile(path: string): Promise<FileDigest> {
  const file = await open(path);
  try {
    const hash = createHash('sha256');
    let [current, next] = [Buffer.allocUnsafe(PIECE_BYTES), Buffer.allocUnsafe(PIECE_BYTES)];
    let bytes = 0;
    let bytesRead = (await file.read(current, 0, PIECE_BYTES, 0)).bytesRead;
    while (bytesRead > 0) {
      bytes += bytesRead;
      const reading = file.read(next, 0, PIECE_BYTES, bytes);
      hash.update(current.subarray(0, bytesRead));
      [current, next] = [next, current];
      bytesRead = (await reading).bytesRead;
    }
    return { sha256: hash.digest('hex'), bytes };
  } finally {
    await file.close();
  }
}
