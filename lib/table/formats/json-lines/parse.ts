/**
 * Parses one JSON object to the texts of its values, exactly: a number keeps its digits, which `JSON.parse` would round
 * beyond 2^53, and a repeated key is found.
 */

/** Thrown for a text that is no JSON object; `reason` is that of the rejected row. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
  readonly reason: 'json_not_object' | 'json_key_repeated';

  constructor(reason: JsonError['reason']) {
    super(reason);
    this.reason = reason;
  }
}

/** The value of a key: its text, `null` if it is missing; and whether it is an object itself. */
export interface JsonValue {
  readonly text: string | null;
  readonly isObject: boolean;
}

const BLANKS = /[ \t\r\n]*/y;
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/y;
/** What a string may only have escaped, and a few characters more. */
const CONTROL = /\p{Cc}|\\/u;
/** Numbers and words; NaN and infinities as Python writes them. */
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null|NaN|-?Infinity)(?![\w.+-])/y;
const MISSING = new Set(['null', 'NaN']);
/** Depth of a value, at most. */
const MOST_DEEP = 100;

/**
 * Returns the values of an object by key. Strings are unescaped, numbers and words as they are written, lists and objects
 * in JSON; null and NaN are missing.
 * @throws {JsonError} if the text is no object, or has a key twice.
 */
export function parseObject(text: string): Map<string, JsonValue> {
  const reader = new Reader(text);
  const values = reader.object();
  reader.end();
  return values;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#skipBlanks();
  }

  object(depth = 0): Map<string, JsonValue> {
    const values = new Map<string, JsonValue>();
    this.#expect('{');
    if (this.#takes('}')) return values;
    do {
      const key = this.#string();
      if (values.has(key)) throw new JsonError('json_key_repeated');
      this.#expect(':');
      values.set(key, this.#value(depth + 1));
    } while (this.#takes(','));
    this.#expect('}');
    return values;
  }

  end(): void {
    if (this.#at < this.#text.length) throw new JsonError('json_not_object');
  }

  #value(depth: number): JsonValue {
    if (depth > MOST_DEEP) throw new JsonError('json_not_object');
    const start = this.#at;
    const first = this.#text[start];
    if (first === '"') return { text: this.#string(), isObject: false };
    if (first === '{') {
      this.object(depth);
      return { text: this.#text.slice(start, this.#at).trimEnd(), isObject: true };
    }
    if (first === '[') {
      this.#list(depth);
      return { text: this.#text.slice(start, this.#at).trimEnd(), isObject: false };
    }
    const scalar = this.#match(SCALAR);
    return { text: MISSING.has(scalar) ? null : scalar, isObject: false };
  }

  #list(depth: number): void {
    this.#expect('[');
    if (this.#takes(']')) return;
    do this.#value(depth + 1);
    while (this.#takes(','));
    this.#expect(']');
  }

  #string(): string {
    const text = this.#match(STRING);
    if (!CONTROL.test(text)) return text.slice(1, -1);
    try {
      return String(JSON.parse(text));
    } catch {
      throw new JsonError('json_not_object');
    }
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found === undefined) throw new JsonError('json_not_object');
    this.#at += found.length;
    this.#skipBlanks();
    return found;
  }

  #takes(symbol: string): boolean {
    if (this.#text[this.#at] !== symbol) return false;
    this.#at += 1;
    this.#skipBlanks();
    return true;
  }

  #expect(symbol: string): void {
    if (!this.#takes(symbol)) throw new JsonError('json_not_object');
  }

  #skipBlanks(): void {
    BLANKS.lastIndex = this.#at;
    this.#at += BLANKS.exec(this.#text)?.[0].length ?? 0;
  }
}
