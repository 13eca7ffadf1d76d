/** Decodes the bytes of a text file, and says where they are not UTF-8. */

/** Why bytes are not text, and where: line and column, both from 1. */
export interface NotText {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

const NEWLINE = 0x0a;

/** Returns the text of UTF-8 bytes, without a byte order mark; where they are none, why they are not. */
export function decodeText(bytes: Uint8Array): string | NotText {
  const [first, second] = bytes;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (isUtf16 || (bytes.length > 1 && (first === 0) !== (second === 0)))
    return { line: 1, column: 1, message: 'is UTF-16, expected UTF-8' };
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const at = validLength(bytes);
    const before = bytes.subarray(0, at);
    const start = before.lastIndexOf(NEWLINE) + 1;
    const column = new TextDecoder().decode(before.subarray(start)).length + 1;
    const line = before.reduce((lines, byte) => (byte === NEWLINE ? lines + 1 : lines), 1);
    const byte = `0x${(bytes[at] ?? 0).toString(16).padStart(2, '0')}`;
    return { line, column, message: `is not UTF-8: got the byte ${byte}, expected the file in UTF-8` };
  }
}

/** Length of the longest beginning that is UTF-8. */
function validLength(bytes: Uint8Array): number {
  let [valid, invalid] = [0, bytes.length];
  while (valid < invalid) {
    const middle = Math.ceil((valid + invalid) / 2);
    if (isUtf8(bytes.subarray(0, middle), { stream: true })) valid = middle;
    else invalid = middle - 1;
  }
  // A streaming decoder takes the first bytes of a character whose other bytes are wrong.
  while (!isUtf8(bytes.subarray(0, valid), { stream: false })) valid -= 1;
  return valid;
}

function isUtf8(bytes: Uint8Array, options: { readonly stream: boolean }): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, options);
    return true;
  } catch {
    return false;
  }
}
