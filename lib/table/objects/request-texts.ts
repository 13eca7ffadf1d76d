/**
 * The texts of one request. They are read in passes: what a pass does not know is noted, read by DuckDB at once, and
 * known in the next pass.
 */
import type { ListReading, TextReader, TextReading } from './text-reader.ts';

/** As in `lib/table/values/canonical.ts`: what is canonical as it is, and 0, of no more than ASCII. */
const PLAIN = /^(?:0|[1-9][0-9]*|[A-Za-z_](?:[ -~]*[!-~])?)$/;
const BOOLEAN_WORD = /^(?:true|false)$/i;
const UUID_LENGTH = 36;
const CANONICAL_UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** A number whose digits are all read by any reader alike. */
const PLAIN_NUMBER = /^-?[0-9]{1,15}(?:\.[0-9]{1,15})?$/;
/** An ASCII text without a quote that begins neither with a blank nor with a bracket: it can only be split. */
const PLAIN_LIST = /^[!#-&)-Z\\-z|}~][ !#-&(-~]*$/;
/** Length up to which a fraction's shortest text is its canonical text, whether it was a float32 or not. */
const EXACT_LENGTH = 12;

const UNKNOWN_TEXT: TextReading = { isPresent: false, canonical: null, number: null };
const UNKNOWN_LIST: ListReading = { isPresent: false, texts: null, numbers: null };

export class RequestTexts {
  readonly #reader: TextReader;
  readonly #texts = new Map<string, TextReading>();
  readonly #numbers = new Map<number, string>();
  readonly #lists = new Map<string | null, Map<string, ListReading>>();
  readonly #newTexts = new Set<string>();
  readonly #newNumbers = new Set<number>();
  readonly #newLists = new Map<string | null, Set<string>>();

  constructor(reader: TextReader) {
    this.#reader = reader;
  }

  /** Whether everything that was asked since the last `learn` was known. */
  get isComplete(): boolean {
    return this.#newTexts.size === 0 && this.#newNumbers.size === 0 && this.#newLists.size === 0;
  }

  /** Reads what was not known. */
  async learn(): Promise<void> {
    if (this.#newTexts.size > 0) assign(this.#texts, await this.#reader.readTexts(this.#newTexts));
    if (this.#newNumbers.size > 0) assign(this.#numbers, await this.#reader.readNumbers(this.#newNumbers));
    for (const [delimiter, texts] of this.#newLists)
      this.#lists.set(
        delimiter,
        assign(this.#lists.get(delimiter) ?? new Map(), await this.#reader.readLists(texts, delimiter)),
      );
    this.#newTexts.clear();
    this.#newNumbers.clear();
    this.#newLists.clear();
  }

  /** Returns the canonical text of a text; `null` if it is missing. */
  canonical(text: string): string | null {
    return this.#isCanonical(text) ? text : this.#read(text).canonical;
  }

  /** Returns the canonical text of a number; `null` for NaN, which is missing. */
  canonicalNumber(number: number): string | null {
    if (Number.isNaN(number)) return null;
    return plainFraction(number) ?? this.#readNumber(number);
  }

  /** Returns the number that a text is, `null` if it is none, and whether the text is present. */
  number(text: string): Pick<TextReading, 'number' | 'isPresent'> {
    const { rules, nullValues } = this.#reader;
    if (rules.decimal === '.' && PLAIN_NUMBER.test(text) && !nullValues.has(text))
      return { number: Number(text), isPresent: true };
    return this.#read(text);
  }

  /** Whether a text is none that stands for a missing value. */
  isPresent(text: string): boolean {
    return this.#isCanonical(text) || this.#read(text).isPresent;
  }

  /** Returns the items of a text as canonical texts, and whether the text is present. */
  list(text: string, delimiter: string | null): Pick<ListReading, 'texts' | 'isPresent'> {
    const items = this.#plainItems(text, delimiter);
    if (items === null) return this.#readList(text, delimiter);
    return { isPresent: true, texts: items.map((item) => (item === '' ? null : this.canonical(item))) };
  }

  /** Returns the items of a text as numbers, `null` for what is none. */
  numbers(text: string, delimiter: string | null): readonly (number | null)[] | null {
    const items = this.#plainItems(text, delimiter);
    return items === null ? this.#readList(text, delimiter).numbers : items.map((item) => this.number(item).number);
  }

  #plainItems(text: string, delimiter: string | null): readonly string[] | null {
    if (delimiter === null || !PLAIN_LIST.test(text) || text.endsWith(' ') || this.#reader.nullValues.has(text))
      return null;
    const items = (text.endsWith(delimiter) ? text.slice(0, -delimiter.length) : text).split(delimiter);
    return items.some((item) => item.startsWith(' ')) ? null : items;
  }

  #isCanonical(text: string): boolean {
    if (this.#reader.nullValues.has(text)) return false;
    if (text.length === UUID_LENGTH) return CANONICAL_UUID.test(text);
    return PLAIN.test(text) && !((text.length === 4 || text.length === 5) && BOOLEAN_WORD.test(text));
  }

  #read(text: string): TextReading {
    const known = this.#texts.get(text) ?? this.#reader.text(text);
    if (known === undefined) this.#newTexts.add(text);
    return known ?? UNKNOWN_TEXT;
  }

  #readNumber(number: number): string | null {
    const known = this.#numbers.get(number) ?? this.#reader.number(number);
    if (known === undefined) this.#newNumbers.add(number);
    return known ?? null;
  }

  #readList(text: string, delimiter: string | null): ListReading {
    const known = this.#lists.get(delimiter)?.get(text) ?? this.#reader.list(text, delimiter);
    if (known !== undefined) return known;
    const texts = this.#newLists.get(delimiter) ?? new Set();
    this.#newLists.set(delimiter, texts.add(text));
    return UNKNOWN_LIST;
  }
}

/** Returns the canonical text of a safe integer, or of a fraction that all programs write alike. */
function plainFraction(number: number): string | null {
  if (Number.isSafeInteger(number)) return String(number);
  const size = Math.abs(number);
  if (Number.isInteger(number) || size < 1e-4 || size >= 1e15) return null;
  const text = String(number);
  return text.length <= EXACT_LENGTH || Math.fround(number) !== number ? text : null;
}

function assign<Key, Value>(into: Map<Key, Value>, from: ReadonlyMap<Key, Value>): Map<Key, Value> {
  for (const [key, value] of from) into.set(key, value);
  return into;
}
