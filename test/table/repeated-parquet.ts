/** Makes Parquet files of any size: the row groups of a small file again and again, with a footer that lists them. */
import type { RepeatedObject } from '../store/repeated-object.ts';
import { readStruct, type ThriftStruct, type ThriftValue, writeStruct } from './thrift.ts';

const MAGIC = Buffer.from('PAR1');

// Ids of the fields in parquet.thrift that have a position in the file or a number of rows, or lead to such a field.
const FILE = { rows: 3, rowGroups: 4 };
const ROW_GROUP = { columns: 1, fileOffset: 5, ordinal: 7 };
const CHUNK = { fileOffset: 2, metadata: 3, offsetIndex: 4, columnIndex: 6 };
const COLUMN = { dataPage: 9, indexPage: 10, dictionaryPage: 11, bloomFilter: 14 };

/** Returns a file in which everything between the magic and the footer, the row groups, is repeated `times` times. */
export function repeatParquet(file: Buffer, times: number): RepeatedObject {
  const footerStart = file.length - 8 - file.readUInt32LE(file.length - 8);
  const body = file.subarray(MAGIC.length, footerStart);
  const footer = writeStruct(repeatFooter(readStruct(file.subarray(footerStart)), body.length, times));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  return { head: MAGIC, body, times, tail: Buffer.concat([footer, length, MAGIC]) };
}

function repeatFooter(footer: ThriftStruct, bytes: number, times: number): ThriftStruct {
  const groups = listAt(footer, FILE.rowGroups);
  const items = Array.from({ length: times }, (_, i) =>
    groups.items.map((group) => moveRowGroup(structOf(group), i * bytes)),
  ).flat();
  const rows = Number(footer.get(FILE.rows)?.value) * times;
  return replace(
    replace(footer, FILE.rows, () => rows),
    FILE.rowGroups,
    () => ({ ...groups, items }),
  );
}

function moveRowGroup(group: ThriftStruct, by: number): ThriftStruct {
  const { elementType, items } = listAt(group, ROW_GROUP.columns);
  const columns = { elementType, items: items.map((chunk) => moveChunk(structOf(chunk), by)) };
  const moved = replace(movePositions(group, [ROW_GROUP.fileOffset], by), ROW_GROUP.columns, () => columns);
  // The ordinal has sixteen bits, too few for so many row groups, and it is optional.
  return new Map([...moved].filter(([id]) => id !== ROW_GROUP.ordinal));
}

function moveChunk(chunk: ThriftStruct, by: number): ThriftStruct {
  const moved = movePositions(chunk, [CHUNK.fileOffset, CHUNK.offsetIndex, CHUNK.columnIndex], by);
  return replace(moved, CHUNK.metadata, (metadata) => movePositions(structOf(metadata), Object.values(COLUMN), by));
}

function movePositions(struct: ThriftStruct, ids: readonly number[], by: number): ThriftStruct {
  // Writers have 0 as the position of what does not exist.
  const move = (position: ThriftValue) => (position === 0 ? 0 : Number(position) + by);
  return ids.reduce((moved, id) => replace(moved, id, move), struct);
}

/** Returns the struct with another value of a field, if it has that field. */
function replace(struct: ThriftStruct, id: number, change: (value: ThriftValue) => ThriftValue): ThriftStruct {
  return new Map([...struct].map(([at, field]) => [at, at === id ? { ...field, value: change(field.value) } : field]));
}

function listAt(struct: ThriftStruct, id: number) {
  const value = struct.get(id)?.value;
  if (typeof value !== 'object' || !('items' in value)) throw new TypeError(`field ${id} of the footer is no list`);
  return value;
}

function structOf(value: ThriftValue): ThriftStruct {
  if (!(value instanceof Map)) throw new TypeError('the footer has a value where a struct belongs');
  return value;
}
