/** Path of keys and list positions, from 0, below the root of the file: `['log', 'keys', 0]`. */
export type Path = readonly (string | number)[];

/** A mistake whose path is known, but not yet its line and column. */
export interface Mistake {
  readonly path: Path;
  readonly message: string;
  /** Whether the key at the path is wrong, rather than its value. @default false */
  readonly isKey?: boolean;
}

/** A mistake and its position in the file; a declaration written as an object has paths alone. */
export interface Problem {
  /** Line, from 1. */
  readonly line?: number;
  /** Column, from 1. */
  readonly column?: number;
  /** Path as text, such as `features.age.type`; empty if the whole file is meant. */
  readonly path: string;
  readonly message: string;
}

/** Problems that a message has a line for. */
const MOST_SHOWN = 50;

/** Thrown if a declaration cannot be used. The message has one line for every problem, in order of position. */
export class DeclarationError extends Error {
  override readonly name = 'DeclarationError';
  readonly fileName: string;
  readonly problems: readonly Problem[];

  constructor(fileName: string, problems: readonly Problem[], options?: ErrorOptions) {
    const sorted = [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
    const shown = sorted.slice(0, MOST_SHOWN).map((problem) => formatProblem(fileName, problem));
    const more = sorted.length - shown.length;
    super([...shown, ...(more === 0 ? [] : [`${fileName}: and ${more} more`])].join('\n'), options);
    this.fileName = fileName;
    this.problems = sorted;
  }
}

/** Writes a path as text: `log.keys[0]`. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

function formatProblem(fileName: string, { line, column, path, message }: Problem): string {
  const place = line === undefined ? fileName : `${fileName}:${line}:${column}`;
  return `${place} ${path === '' ? message : `${path}: ${message}`}`;
}
