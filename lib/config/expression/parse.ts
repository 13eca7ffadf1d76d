/**
 * Parses arithmetic expressions. From loose to tight: `+ -`, `* /`, the minus sign, `^` (from the right, so that
 * `-2 ^ 2` is -4), and values: numbers, names, names in double quotes, functions and parentheses.
 */
import { nearest } from '../nearest.ts';
import { COMPARISONS, FUNCTION_NAMES, type FunctionName, type OperationName, operandsOf } from './operations.ts';

interface At {
  /** Where it stands in the text: its first character and the one after its last, from 0. */
  readonly start: number;
  readonly end: number;
}

/** A part of an expression, with all below it. */
export type ExpressionNode =
  | ({ readonly kind: 'number'; readonly value: number } & At)
  /** A name in quotes is that of a column, whatever outputs there are. */
  | ({ readonly kind: 'name'; readonly name: string; readonly isQuoted: boolean } & At)
  | ({
      readonly kind: 'call';
      readonly operation: OperationName | 'coalesce' | 'if';
      readonly operands: readonly ExpressionNode[];
    } & At);

/** Thrown for a text that is no expression. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
}

/** Characters of an expression, at most, which also bounds how deep it is. */
export const LONGEST_EXPRESSION = 1_000;

interface Token extends At {
  readonly kind: 'number' | 'name' | 'quoted' | 'symbol' | 'end';
  readonly text: string;
}

const TOKEN =
  /\s*(?:(?<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|(?<name>[\p{L}_][\p{L}\p{N}_]*)|(?<quoted>"(?:[^"]|"")*")|(?<symbol><=|>=|==|!=|[-+*/^(),<>])|(?<end>$)|(?<other>.))/uy;

/**
 * Parses an expression.
 * @throws {ExpressionError} with what was got, what was expected, and the character, from 1.
 */
export function parseExpression(text: string): ExpressionNode {
  if (text.length > LONGEST_EXPRESSION)
    throw new ExpressionError(`got ${text.length} characters, expected at most ${LONGEST_EXPRESSION}`);
  const parser = new Parser(tokensOf(text));
  const root = parser.sum();
  parser.end();
  return root;
}

/** Returns the error that something in a text is wrong, with its place: `at character 3, got *, expected a value`. */
export function errorAt(start: number, got: string, expected: string): ExpressionError {
  return new ExpressionError(`at character ${start + 1}, got ${got}, expected ${expected}`);
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (;;) {
    const { groups = {} } = TOKEN.exec(text) ?? {};
    const [kind, found = ''] = Object.entries(groups).find(([, value]) => value !== undefined) ?? ['other'];
    const end = TOKEN.lastIndex;
    const start = end - found.length;
    if (kind === 'other')
      throw errorAt(
        start,
        found === '"' ? 'a quote that is not closed' : found,
        'a number, a name, an operator or a parenthesis',
      );
    tokens.push({ kind: kind as Token['kind'], text: found, start, end });
    if (kind === 'end') return tokens;
  }
}

class Parser {
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  sum(): ExpressionNode {
    return this.#leftToRight(['+', '-'], () => this.#product());
  }

  /** Expects that nothing is left. */
  end(): void {
    if (this.#next.kind !== 'end') throw this.#unexpected('an operator or the end');
  }

  #product(): ExpressionNode {
    return this.#leftToRight(['*', '/'], () => this.#signed());
  }

  #leftToRight(operators: readonly ('+' | '-' | '*' | '/')[], operand: () => ExpressionNode): ExpressionNode {
    let left = operand();
    for (;;) {
      const operation = operators.find((symbol) => this.#takes(symbol));
      if (operation === undefined) return left;
      left = callOf(operation, [left, operand()]);
    }
  }

  #signed(): ExpressionNode {
    const { start } = this.#next;
    if (!this.#takes('-')) return this.#power();
    return { ...callOf('negate', [this.#signed()]), start };
  }

  #power(): ExpressionNode {
    const base = this.#value();
    return this.#takes('^') ? callOf('^', [base, this.#signed()]) : base;
  }

  #value(): ExpressionNode {
    const token = this.#next;
    const { kind, text, start, end } = token;
    if (kind === 'number') {
      this.#position += 1;
      const value = Number(text);
      if (!Number.isFinite(value)) throw errorAt(start, text, 'a number that a double can hold');
      return { kind: 'number', value, start, end };
    }
    if (kind === 'quoted') {
      this.#position += 1;
      const name = text.slice(1, -1).replaceAll('""', '"');
      if (name === '') throw errorAt(start, text, 'the name of a column');
      return { kind: 'name', name, isQuoted: true, start, end };
    }
    if (kind === 'name') {
      this.#position += 1;
      return this.#takes('(') ? this.#function(token) : { kind: 'name', name: text, isQuoted: false, start, end };
    }
    if (!this.#takes('(')) throw this.#unexpected('a number, a name, a function or an opening parenthesis');
    const inner = this.sum();
    return { ...inner, start, end: this.#expect(')', 'an operator or a closing parenthesis') };
  }

  #function({ text, start }: Token): ExpressionNode {
    const name = FUNCTION_NAMES.find((known) => known === text);
    if (name === undefined) {
      const meant = nearest(text, FUNCTION_NAMES);
      const hint = meant === undefined ? '' : `did you mean ${meant}? `;
      throw new ExpressionError(
        `at character ${start + 1}, no function ${text}, ${hint}expected one of ${FUNCTION_NAMES.join(', ')}`,
      );
    }
    const operands: ExpressionNode[] = [];
    if (!this.#isAt(')'))
      do operands.push(name === 'if' && operands.length === 0 ? this.#comparison() : this.sum());
      while (this.#takes(','));
    const end = this.#expect(')', 'an operator, a comma or a closing parenthesis');
    assertOperands(name, operands.length, start);
    return { kind: 'call', operation: name, operands, start, end };
  }

  #comparison(): ExpressionNode {
    const left = this.sum();
    const operation = (Object.keys(COMPARISONS) as (keyof typeof COMPARISONS)[]).find((symbol) => this.#takes(symbol));
    if (operation === undefined) throw this.#unexpected('a comparison such as a > b in the first place of if');
    return callOf(operation, [left, this.sum()]);
  }

  get #next(): Token {
    return this.#tokens[this.#position] as Token;
  }

  #isAt(symbol: string): boolean {
    return this.#next.kind === 'symbol' && this.#next.text === symbol;
  }

  #takes(symbol: string): boolean {
    const is = this.#isAt(symbol);
    if (is) this.#position += 1;
    return is;
  }

  #expect(symbol: string, expected: string): number {
    const { end } = this.#next;
    if (!this.#takes(symbol)) throw this.#unexpected(expected);
    return end;
  }

  #unexpected(expected: string): ExpressionError {
    const { kind, text, start } = this.#next;
    const isComparison = kind === 'symbol' && text in COMPARISONS;
    return errorAt(
      start,
      kind === 'end' ? 'the end' : text,
      isComparison ? `${expected}: a comparison stands in the first place of if alone` : expected,
    );
  }
}

function callOf(operation: OperationName, operands: readonly ExpressionNode[]): ExpressionNode {
  return { kind: 'call', operation, operands, start: operands[0]?.start ?? 0, end: operands.at(-1)?.end ?? 0 };
}

function assertOperands(name: FunctionName, given: number, start: number): void {
  const [least, most] = operandsOf(name);
  if (given >= least && given <= most) return;
  const expected = least === most ? `${least}` : `${least} or more`;
  throw errorAt(start, `${name} of ${given} values`, expected);
}
