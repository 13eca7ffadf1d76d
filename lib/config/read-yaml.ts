import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type YAMLError,
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

const START: Position = { line: 1, column: 1 };

/** Reads YAML 1.2 whose keys are text, and keeps the position of every value. */
export function readYaml(text: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    logLevel: 'error',
  });
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return line === 0 ? START : { line, column: col };
  };
  const syntax = document.errors.filter(({ code }) => code !== 'DUPLICATE_KEY').map(complaint);
  const aliases = danglingAliases(document);
  const duplicates = document.errors
    .filter(({ code }) => code === 'DUPLICATE_KEY')
    .map(({ pos: [offset] }) => ({ offset, message: `key ${wordAt(text, offset)} given twice` }));
  const complaints = [...syntax, ...aliases, ...duplicates, ...document.warnings.map(complaint)];
  const isReadable = syntax.length + aliases.length === 0;
  return {
    value: isReadable ? document.toJS() : null,
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

/** Returns the offsets of the last key or list item on the path, and of its value if that is a scalar or an alias. */
function findNode(document: Document, path: Path): { readonly key: number; readonly value: number } {
  let node: unknown = document.contents;
  let offset = 0;
  for (const step of path) {
    const parent = isAlias(node) ? node.resolve(document) : node;
    const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && key.value === step) : undefined;
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
