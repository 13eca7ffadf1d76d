/**
 * Reads and writes Thrift's compact protocol, as far as the footers of Parquet files need it. Specification:
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */

/** The fields of a struct by their ids. */
export type ThriftStruct = ReadonlyMap<number, ThriftField>;

/** A field of a struct: its type, as a number of the protocol, and its value. */
export interface ThriftField {
  readonly type: number;
  readonly value: ThriftValue;
}

/** A list of values of one type. */
export interface ThriftList {
  readonly elementType: number;
  readonly items: readonly ThriftValue[];
}

/** A value of a field or list. */
export type ThriftValue = boolean | number | Buffer | ThriftList | ThriftStruct;

// Types of fields and elements. The type of a boolean field is its value. No footer has other types.
const [TRUE, FALSE, BYTE, I16, I32, I64, BINARY, LIST, STRUCT] = [1, 2, 3, 4, 5, 6, 8, 9, 12];
const STOP = 0;
const LONG_LIST = 15;
const LAST_VARINT_BYTE = 0x80;

/** Reads the struct at the beginning of the bytes. */
export function readStruct(bytes: Buffer): ThriftStruct {
  let position = 0;

  const byte = () => bytes.readUInt8(position++);
  // Positions in large files need more bits than those of JavaScript's bitwise operators.
  function varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const next = byte();
      value += (next % LAST_VARINT_BYTE) * scale;
      if (next < LAST_VARINT_BYTE) return value;
    }
  }
  function zigzag(): number {
    const value = varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
  function struct(): ThriftStruct {
    const fields = new Map<number, ThriftField>();
    for (let id = 0; ; ) {
      const header = byte();
      if (header === STOP) return fields;
      id = header >> 4 === 0 ? zigzag() : id + (header >> 4);
      const type = header & 15;
      fields.set(id, { type, value: type === TRUE || type === FALSE ? type === TRUE : value(type) });
    }
  }
  function list(): ThriftList {
    const header = byte();
    const length = header >> 4 === LONG_LIST ? varint() : header >> 4;
    const elementType = header & 15;
    return { elementType, items: Array.from({ length }, () => value(elementType)) };
  }
  function value(type: number): ThriftValue {
    switch (type) {
      case TRUE:
      case FALSE:
        return byte() === TRUE;
      case BYTE:
        return byte();
      case I16:
      case I32:
      case I64:
        return zigzag();
      case BINARY: {
        const length = varint();
        position += length;
        return bytes.subarray(position - length, position);
      }
      case LIST:
        return list();
      case STRUCT:
        return struct();
      default:
        throw new TypeError(`thrift type ${type} is in no footer`);
    }
  }
  return struct();
}

/** Returns the bytes of a struct. */
export function writeStruct(fields: ThriftStruct): Buffer {
  let bytes = Buffer.alloc(1024);
  let length = 0;

  function room(count: number): void {
    if (length + count > bytes.length) bytes = Buffer.concat([bytes, Buffer.alloc(bytes.length + count)]);
  }
  function byte(value: number): void {
    room(1);
    bytes[length++] = value;
  }
  function varint(value: number): void {
    let left = value;
    for (; left >= LAST_VARINT_BYTE; left = Math.floor(left / 128)) byte((left % 128) + LAST_VARINT_BYTE);
    byte(left);
  }
  const zigzag = (value: number) => varint(value < 0 ? -2 * value - 1 : 2 * value);
  function struct(value: ThriftStruct): void {
    let last = 0;
    for (const [id, field] of value) {
      const type = typeof field.value === 'boolean' ? (field.value ? TRUE : FALSE) : field.type;
      if (id > last && id - last < 16) byte(((id - last) << 4) | type);
      else {
        byte(type);
        zigzag(id);
      }
      last = id;
      if (typeof field.value !== 'boolean') write(type, field.value);
    }
    byte(STOP);
  }
  function list({ elementType, items }: ThriftList): void {
    byte((Math.min(items.length, LONG_LIST) << 4) | elementType);
    if (items.length >= LONG_LIST) varint(items.length);
    for (const item of items) write(elementType, item);
  }
  function write(type: number, value: ThriftValue): void {
    if (typeof value === 'boolean') byte(value ? TRUE : FALSE);
    else if (typeof value === 'number') type === BYTE ? byte(value) : zigzag(value);
    else if (Buffer.isBuffer(value)) {
      varint(value.length);
      room(value.length);
      length += value.copy(bytes, length);
    } else if ('items' in value) list(value);
    else struct(value);
  }
  struct(fields);
  return bytes.subarray(0, length);
}
