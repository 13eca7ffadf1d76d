/** Path of keys and list positions from the root of the file: `['log', 'keys', 0]`. */
export type Path = readonly (string | number)[];

/** A mistake before its place in the text is known. */
export interface Mistake {
  readonly path: Path;
  readonly message: string;
  /** Whether the key at the path is the mistake, whatever its value. */
  readonly isKey?: boolean;
}

/** A mistake and its place: line and column count from 1, `path` reads `features.age.type`, or is empty for the file. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
}

/** Thrown where a declaration cannot be read: every problem of the file at once, one line each, in order of position. */
export class DeclarationError extends Error {
  override readonly name = 'DeclarationError';
  readonly fileName: string;
  readonly problems: readonly Problem[];

  constructor(fileName: string, problems: readonly Problem[], options?: ErrorOptions) {
    const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
    super(sorted.map((problem) => formatProblem(fileName, problem)).join('\n'), options);
    this.fileName = fileName;
    this.problems = sorted;
  }
}

/** Writes a path as a reader of the file would: `log.keys[0]`. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

function formatProblem(fileName: string, { line, column, path, message }: Problem): string {
  return `${fileName}:${line}:${column} ${path === '' ? message : `${path}: ${message}`}`;
}
