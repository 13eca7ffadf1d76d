/** Parquet files of any size: the row groups of a real one over and over, and the footer that such a file has. */
import type { RepeatedObject } from '../store/repeated-object.ts';
import { readStruct, type ThriftStruct, type ThriftValue, writeStruct } from './thrift.ts';

const MAGIC = Buffer.from('PAR1');

// Ids of the fields in parquet.thrift: where a position in the file, or a number of rows, stands.
const FILE = { rows: 3, rowGroups: 4 };
const ROW_GROUP = { columns: 1, fileOffset: 5, ordinal: 7 };
const CHUNK = { fileOffset: 2, metadata: 3, offsetIndex: 4, columnIndex: 6 };
const COLUMN = { dataPage: 9, indexPage: 10, dictionaryPage: 11, bloomFilter: 14 };

/** The file with all that it has between magic and footer, its row groups, so many times. */
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
  // Sixteen bits, and optional.
  return new Map([...moved].filter(([id]) => id !== ROW_GROUP.ordinal));
}

function moveChunk(chunk: ThriftStruct, by: number): ThriftStruct {
  const moved = movePositions(chunk, [CHUNK.fileOffset, CHUNK.offsetIndex, CHUNK.columnIndex], by);
  return replace(moved, CHUNK.metadata, (metadata) => movePositions(structOf(metadata), Object.values(COLUMN), by));
}

function movePositions(struct: ThriftStruct, ids: readonly number[], by: number): ThriftStruct {
  // Writers note 0 for what is not there.
  const move = (position: ThriftValue) => (position === 0 ? 0 : Number(position) + by);
  return ids.reduce((moved, id) => replace(moved, id, move), struct);
}

/** The same struct with another value in a field, if it has it. */
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
