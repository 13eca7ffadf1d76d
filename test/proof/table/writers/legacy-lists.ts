/**
 * Rewrites the lists of a Parquet file as older writers have them; the pages stay as they are. Specification:
 * https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#backward-compatibility-rules
 */
import {
  readStruct,
  type ThriftList,
  type ThriftStruct,
  type ThriftValue,
  writeStruct,
} from '../../../table/thrift.ts';

// Ids of fields in parquet.thrift.
const FILE = { schema: 2, rowGroups: 4 };
const ELEMENT = { repetition: 3, name: 4, children: 5 };
const [ROW_GROUP_COLUMNS, CHUNK_METADATA, METADATA_PATH] = [1, 3, 3];
const REPEATED = 2;

/**
 * `bag`: `repeated group bag { optional array_element }`. `array` and `tuple`: the repeated value itself, named `array`
 * or `<column>_tuple`, of lists whose values are required: they have the same definition levels.
 */
export function legacyLists(file: Buffer, kind: 'array' | 'tuple' | 'bag'): Buffer {
  const start = file.length - 8 - file.readUInt32LE(file.length - 8);
  const footer = readStruct(file.subarray(start));
  const rewritten = writeStruct(change(change(footer, FILE.schema, schemaOf(kind)), FILE.rowGroups, groupsOf(kind)));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(rewritten.length);
  return Buffer.concat([file.subarray(0, start), rewritten, length, Buffer.from('PAR1')]);
}

function schemaOf(kind: 'array' | 'tuple' | 'bag') {
  return (value: ThriftValue): ThriftValue => {
    const { elementType, items } = value as ThriftList;
    const elements = items as ThriftStruct[];
    const rewritten = elements.flatMap((element, index) => {
      const [list, before] = [elements[index - 1], elements[index - 2]];
      const isValue = nameOf(list) === 'list';
      if (kind === 'bag')
        return [renamed(element, nameOf(element) === 'list' ? 'bag' : isValue ? 'array_element' : nameOf(element))];
      // The group between the list and its values goes, and the value is repeated in its place.
      if (nameOf(element) === 'list') return [];
      const name = kind === 'array' ? 'array' : `${nameOf(before)}_tuple`;
      return [isValue ? change(renamed(element, name), ELEMENT.repetition, () => REPEATED) : element];
    });
    return { elementType, items: rewritten };
  };
}

function groupsOf(kind: 'array' | 'tuple' | 'bag') {
  const path = (value: ThriftValue): ThriftValue => {
    const { elementType, items } = value as ThriftList;
    const [column = '', list] = items.map(String);
    if (list !== 'list') return value;
    const names = {
      bag: [column, 'bag', 'array_element'],
      array: [column, 'array'],
      tuple: [column, `${column}_tuple`],
    };
    return { elementType, items: names[kind].map((name) => Buffer.from(name)) };
  };
  const chunk = (value: ThriftValue) =>
    change(value as ThriftStruct, CHUNK_METADATA, (metadata) => change(metadata as ThriftStruct, METADATA_PATH, path));
  const group = (value: ThriftValue) => change(value as ThriftStruct, ROW_GROUP_COLUMNS, each(chunk));
  return each(group);
}

function each(map: (value: ThriftValue) => ThriftValue) {
  return (value: ThriftValue): ThriftValue => ({
    ...(value as ThriftList),
    items: (value as ThriftList).items.map(map),
  });
}

function nameOf(element: ThriftStruct | undefined): string {
  return String(element?.get(ELEMENT.name)?.value ?? '');
}

function renamed(element: ThriftStruct, name: string): ThriftStruct {
  return change(element, ELEMENT.name, () => Buffer.from(name));
}

function change(struct: ThriftStruct, id: number, to: (value: ThriftValue) => ThriftValue): ThriftStruct {
  return new Map([...struct].map(([at, field]) => [at, at === id ? { ...field, value: to(field.value) } : field]));
}
