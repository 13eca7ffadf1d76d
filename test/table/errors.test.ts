import { describe, expect, it } from 'vitest';
import { asDataError, DataError, hasInvalidatedDatabase } from '../../lib/table/errors.ts';

function failing(message: string) {
  return asDataError('day.parquet', () => Promise.reject(new Error(message))).catch((error: unknown) => error);
}

describe('an error while a file is read', () => {
  it.each([
    ['Invalid Error: Out of buffer', 'Out of buffer'],
    [
      'Invalid Input Error: Failed to read file "x": Snappy decompression failure',
      'Failed to read file "x": Snappy decompression failure',
    ],
    [
      'Conversion Error: Type INT64 with value 1 cannot be cast\n\nLINE 1: ...',
      'Type INT64 with value 1 cannot be cast',
    ],
    ['Out of Range Error: Overflow in addition', 'Overflow in addition'],
    ['Binder Error: Duplicate column name "x"', 'Duplicate column name "x"'],
    [
      'INTERNAL Error: Attempted to access index 3 within vector of size 3',
      'Attempted to access index 3 within vector of size 3',
    ],
    [
      'Invalid Input Error: Failure in decode: could not convert blob to UTF8 string, the blob contained invalid UTF8',
      'a column of bytes has some that are not text in UTF-8: write it as text, such as hexadecimal',
    ],
    ['Serialization Error: Failed to deserialize', 'Failed to deserialize'],
    [
      'IO Error: Could not read enough bytes from file "x": attempted to read 9 bytes from location 7',
      'Could not read enough bytes from file "x": attempted to read 9 bytes from location 7',
    ],
  ])('is of the data, for good: %s', async (message, text) => {
    const error = await failing(message);
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({ code: 'unreadable', message: `day.parquet cannot be read: ${text}` });
  });

  it.each([
    'Out of Memory Error: failed to allocate data of size 4 MiB',
    'IO Error: Could not write file "x": No space left on device',
    'IO Error: Could not read from file "x": Input/output error',
    'FATAL Error: Failed: database has been invalidated because of a previous fatal error',
    'Interrupt Error: Interrupted!',
    'connect ECONNREFUSED 127.0.0.1:4566',
    'rows came out of order: got row 3 after row 4',
  ])('may be mended by another try: %s', async (message) => {
    expect(await failing(message)).toMatchObject({ name: 'Error', message });
  });

  it('makes the database useless where it is internal, however deep its cause', () => {
    const internal = new Error('INTERNAL Error: x');
    expect(hasInvalidatedDatabase(new DataError('unreadable', 'x', { cause: internal }))).toBe(true);
    expect(hasInvalidatedDatabase(new Error('FATAL Error: database has been invalidated'))).toBe(true);
    expect(hasInvalidatedDatabase(new DataError('unreadable', 'x', { cause: new Error('Invalid Error: x') }))).toBe(
      false,
    );
  });
});
