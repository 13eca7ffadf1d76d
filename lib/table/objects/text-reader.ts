/**
 * What texts and numbers of objects mean. There is one definition of that, the SQL by which files are read. A text that
 * is its own canonical text is recognized without it; all others are read by DuckDB, and kept for the next request.
 */
import {
  DOUBLE,
  type DuckDBConnection,
  type DuckDBPreparedStatement,
  type DuckDBType,
  LIST,
  VARCHAR,
} from '@duckdb/node-api';
import { turns } from '../../workers/turns.ts';
import type { TextRules, Value } from '../columns.ts';
import { type Database, STATEMENTS } from '../database.ts';
import { canonicalText } from '../values/canonical.ts';
import { bagTexts, bagWeights } from '../values/lists.ts';
import { floatingText } from '../values/number-texts.ts';
import { numberSql } from '../values/numbers.ts';
import { presentSql } from '../values/texts.ts';
import { RecentValues } from './recent-values.ts';

/** What a text is by itself. */
export interface TextReading {
  /** Whether it is no text that stands for a missing value. */
  readonly isPresent: boolean;
  readonly canonical: string | null;
  /** `null` if it is not a number. */
  readonly number: number | null;
}

/** What a text is as a list. */
export interface ListReading {
  readonly isPresent: boolean;
  /** Canonical texts, `null` for missing ones; `null` if the text is missing or no list. */
  readonly texts: readonly (string | null)[] | null;
  /** Numbers, `null` for what is none. */
  readonly numbers: readonly (number | null)[] | null;
}

/** Texts of each kind that are kept. */
const KEPT = 50_000;
/** Longer texts are not kept. */
const LONGEST_KEPT = 256;

/** How texts are split: the delimiter, or `null` for texts of lists alone. */
type Delimiter = string | null;

/** Reads texts by the rules of a declaration. It has a connection to itself. */
export class TextReader {
  readonly rules: TextRules;
  /** Texts that are words of their own meaning: they stand for a missing value. */
  readonly nullValues: ReadonlySet<string>;
  readonly #connection: DuckDBConnection;
  readonly #isConstant: boolean;
  readonly #statements = new Map<string, Promise<DuckDBPreparedStatement>>();
  readonly #texts = new RecentValues<string, TextReading>(KEPT);
  readonly #numbers = new RecentValues<number, string>(KEPT);
  readonly #lists = new Map<Delimiter, RecentValues<string, ListReading>>();
  /** A prepared statement has one set of parameters. */
  readonly #inTurn = turns();

  private constructor(connection: DuckDBConnection, rules: TextRules, isConstant: boolean) {
    this.#connection = connection;
    this.rules = rules;
    this.nullValues = new Set(rules.nullValues);
    this.#isConstant = isConstant;
  }

  /** @param isConstant whether the texts are constants of the declaration, in which a single value is a list, too. */
  static async open(database: Database, rules: TextRules, isConstant = false): Promise<TextReader> {
    return new TextReader(await database.connect(), rules, isConstant);
  }

  /** Returns what a text is, if it was read of late. */
  text(text: string): TextReading | undefined {
    return this.#texts.get(text);
  }

  /** Returns the canonical text of a number, if it was read of late. */
  number(number: number): string | undefined {
    return this.#numbers.get(number);
  }

  /** Returns what a text is as a list, if it was read of late. */
  list(text: string, delimiter: Delimiter): ListReading | undefined {
    return this.#lists.get(delimiter)?.get(text);
  }

  /** Reads texts. */
  async readTexts(texts: ReadonlySet<string>): Promise<Map<string, TextReading>> {
    const value = this.#textValue();
    const columns = [presentSql(value), canonicalText(value), numberSql(value)];
    const read = new Map<string, TextReading>();
    for (const [text, [isPresent, canonical, number]] of await this.#run(columns, texts, VARCHAR)) {
      const reading = {
        isPresent: isPresent === true,
        canonical: typeof canonical === 'string' ? canonical : null,
        number: typeof number === 'number' ? number : null,
      };
      read.set(text, reading);
      keep(this.#texts, text, reading);
    }
    return read;
  }

  /** Reads numbers. */
  async readNumbers(numbers: ReadonlySet<number>): Promise<Map<number, string>> {
    const read = new Map<number, string>();
    for (const [number, [canonical]] of await this.#run([floatingText('x')], numbers, DOUBLE)) {
      read.set(number, String(canonical));
      this.#numbers.set(number, String(canonical));
    }
    return read;
  }

  /** Reads texts as lists. */
  async readLists(texts: ReadonlySet<string>, delimiter: Delimiter): Promise<Map<string, ListReading>> {
    const value = this.#textValue();
    const columns = [presentSql(value), bagTexts(value, delimiter), bagWeights(value, delimiter)];
    const kept = this.#lists.get(delimiter) ?? new RecentValues<string, ListReading>(KEPT);
    this.#lists.set(delimiter, kept);
    const read = new Map<string, ListReading>();
    for (const [text, [isPresent, items, numbers]] of await this.#run(columns, texts, VARCHAR)) {
      const reading = {
        isPresent: isPresent === true,
        texts: Array.isArray(items) ? items.map((item) => (typeof item === 'string' ? item : null)) : null,
        numbers: Array.isArray(numbers) ? numbers.map((item) => (typeof item === 'number' ? item : null)) : null,
      };
      read.set(text, reading);
      keep(kept, text, reading);
    }
    return read;
  }

  /** Closes the connection. */
  close(): void {
    this.#connection.closeSync();
  }

  #textValue(): Value {
    return { sql: 'x', type: 'VARCHAR', kind: 'text', texts: this.rules, isConstant: this.#isConstant };
  }

  /** Computes columns over values `x`. They are returned with their values, whose text in UTF-8 may be another. */
  #run<X extends string | number>(columns: readonly string[], values: ReadonlySet<X>, type: DuckDBType) {
    const list = `$1::${type}[]`;
    const sql = `SELECT ${columns.join(', ')} FROM (SELECT unnest(${list}) AS x, unnest(range(len(${list}))) AS i) ORDER BY i`;
    return this.#inTurn(async () => {
      const statement = await this.#prepared(sql);
      const all = [...values];
      statement.bindList(1, all, LIST(type));
      const rows = (await statement.runAndReadAll()).getRowsJS();
      return all.map((x, index) => [x, rows[index] ?? []] as const);
    });
  }

  #prepared(sql: string): Promise<DuckDBPreparedStatement> {
    const prepared = this.#statements.get(sql) ?? this.#connection.prepare(sql);
    if (!this.#statements.has(sql)) STATEMENTS.publish(sql);
    this.#statements.set(sql, prepared);
    return prepared;
  }
}

function keep<Reading>(kept: RecentValues<string, Reading>, text: string, reading: Reading): void {
  if (text.length <= LONGEST_KEPT) kept.set(text, reading);
}
