/**
 * Writes values in Thrift's compact protocol, as far as the headers and footers of Parquet files need it. Specification:
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */

/** A value, and its type as a number of the protocol. */
export interface ThriftValue {
  readonly type: number;
  readonly bytes: readonly number[];
}

const [I32, I64, BINARY, LIST, STRUCT] = [5, 6, 8, 9, 12] as const;
const STOP = 0;
/** Elements from which on the length of a list has bytes of its own. */
const LONG_LIST = 15;

/** A 32-bit integer, not negative. */
export function i32(value: number): ThriftValue {
  return { type: I32, bytes: varint(2 * value) };
}

/** A 64-bit integer, not negative. */
export function i64(value: number): ThriftValue {
  return { type: I64, bytes: varint(2 * value) };
}

/** A text in UTF-8. */
export function text(value: string): ThriftValue {
  const bytes = new TextEncoder().encode(value);
  return { type: BINARY, bytes: [...varint(bytes.length), ...bytes] };
}

/** A list of values of one type; an empty one is of structs. */
export function list(items: readonly ThriftValue[]): ThriftValue {
  const type = items[0]?.type ?? STRUCT;
  const header =
    items.length < LONG_LIST ? [(items.length << 4) | type] : [(LONG_LIST << 4) | type, ...varint(items.length)];
  return { type: LIST, bytes: [...header, ...items.flatMap(({ bytes }) => bytes)] };
}

/** A struct of fields by their ids, of which none is more than 15 above the one before. */
export function struct(fields: Readonly<Record<number, ThriftValue>>): ThriftValue {
  let last = 0;
  // Integers are the keys of an object in ascending order.
  const bytes = Object.entries(fields).flatMap(([id, { type, bytes }]) => {
    const header = ((Number(id) - last) << 4) | type;
    last = Number(id);
    return [header, ...bytes];
  });
  return { type: STRUCT, bytes: [...bytes, STOP] };
}

/** Seven bits a byte, the lowest first. An integer that is not negative is written as twice its value. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  // Positions in files need more bits than those of JavaScript's bitwise operators.
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}
