import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  visit,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import type { Path, Problem } from './declaration-error.ts';

/** A position in a text: line and column, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A YAML text as plain values, with their positions. */
export interface YamlFile {
  /** Maps, lists and scalars; `null` for an empty file. If a key is repeated, its last value counts. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Whether the text is valid YAML, repeated keys aside; if not, `value` is `null`. */
  readonly isReadable: boolean;
  /**
   * Returns the position of the value at a path: of a scalar itself, of the key of a map or a list, and for a value
   * that does not exist the position of the nearest key above it.
   */
  locate(path: Path): Position;
  /** Returns the position of the key at a path. */
  locateKey(path: Path): Position;
}

/** Uses of an anchor; the values are shared, not copied, so that more would do no harm. */
const MOST_ALIASES = 1_000_000;
const START: Position = { line: 1, column: 1 };

/** Reads YAML 1.2 whose keys are text, and keeps the position of every value. */
export function readYaml(text: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    merge: true,
    logLevel: 'error',
  });
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return line === 0 ? START : { line, column: col };
  };
  const syntax = document.errors.filter(({ code }) => code !== 'DUPLICATE_KEY').map(complaint);
  const aliases = [...danglingAliases(document), ...badMerges(document)];
  const duplicates = document.errors
    .filter(({ code }) => code === 'DUPLICATE_KEY')
    .map(({ pos: [offset] }) => ({ offset, message: `key ${wordAt(text, offset)} given twice` }));
  const complaints = [...syntax, ...aliases, ...duplicates, ...document.warnings.map(complaint)];
  const isReadable = syntax.length + aliases.length === 0;
  return {
    value: isReadable ? document.toJS({ maxAliasCount: MOST_ALIASES }) : null,
    problems: complaints.map(({ offset, message }) => ({ ...positionAt(offset), path: '', message })),
    isReadable,
    locate: (path) => positionAt(findNode(document, path).value),
    locateKey: (path) => positionAt(findNode(document, path).key),
  };
}

interface Complaint {
  readonly offset: number;
  readonly message: string;
}

function complaint({ code, message, pos: [offset] }: YAMLError): Complaint {
  if (code === 'NON_STRING_KEY') return { offset, message: 'got a list or a map as a key, expected text' };
  if (code === 'MULTIPLE_DOCS') return { offset, message: 'got a second document, expected one' };
  return { offset, message: message.charAt(0).toLowerCase() + message.slice(1) };
}

function danglingAliases(document: Document): readonly Complaint[] {
  const found: Complaint[] = [];
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return;
      found.push({
        offset: startOf(alias) ?? 0,
        message: `no anchor &${alias.source} before the alias *${alias.source}`,
      });
    },
  });
  return found;
}

/** Finds merge keys whose values are neither maps nor lists of maps. */
function badMerges(document: Document): readonly Complaint[] {
  const found: Complaint[] = [];
  visit(document, {
    Pair: (_, pair) => {
      if (!isMergeKey(pair.key) || mergeSources(document, pair.value).every(isMap)) return;
      found.push({
        offset: startOf(pair.key) ?? 0,
        message: 'expected <<: with a map, an alias of one, or a list of them',
      });
    },
  });
  return found;
}

/** Whether a key is `<<`, whose map has the members of the value's map, too, except those that it has itself. */
function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.source === '<<';
}

function mergeSources(document: Document, value: unknown): readonly unknown[] {
  const resolved = (node: unknown) => (isAlias(node) ? node.resolve(document) : node);
  const source = resolved(value);
  return isSeq(source) ? source.items.map(resolved) : [source];
}

/** Returns the pair of a key, of the map itself or of those that are merged into it. */
function findPair(document: Document, map: YAMLMap, key: string | number): Pair | undefined {
  const own = map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);
  if (own !== undefined) return own;
  const sources = map.items.flatMap((pair) => (isMergeKey(pair.key) ? mergeSources(document, pair.value) : []));
  for (const source of sources) {
    const merged = isMap(source) && source !== map ? findPair(document, source, key) : undefined;
    if (merged !== undefined) return merged;
  }
  return undefined;
}

/** Returns the offsets of the last key or list item on the path, and of its value if that is a scalar or an alias. */
function findNode(document: Document, path: Path): { readonly key: number; readonly value: number } {
  let node: unknown = document.contents;
  let offset = 0;
  for (const step of path) {
    const parent = isAlias(node) ? node.resolve(document) : node;
    const pair = isMap(parent) ? findPair(document, parent, step) : undefined;
    const item = isSeq(parent) && typeof step === 'number' ? parent.items[step] : undefined;
    if (pair === undefined && item === undefined) return { key: offset, value: offset };
    node = pair === undefined ? item : pair.value;
    offset = startOf(pair?.key) ?? startOf(item) ?? offset;
  }
  const isWritten = isAlias(node) || (isScalar(node) && node.source !== '');
  return { key: offset, value: path.length > 0 && isWritten ? (startOf(node) ?? offset) : offset };
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function wordAt(text: string, offset: number): string {
  return /^[^\s:,{}]*/.exec(text.slice(offset))?.[0] ?? '';
}
