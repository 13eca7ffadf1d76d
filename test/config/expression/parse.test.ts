import { describe, expect, it } from 'vitest';
import { type ExpressionNode, parseExpression } from '../../../lib/config/expression/parse.ts';

/** Writes an expression with every operation in parentheses, in front of its operands. */
function written(node: ExpressionNode): string {
  if (node.kind === 'number') return String(node.value);
  if (node.kind === 'name') return node.isQuoted ? `"${node.name}"` : node.name;
  return `(${[node.operation, ...node.operands.map(written)].join(' ')})`;
}

const parsed = (text: string) => written(parseExpression(text));

function refused(text: string): string {
  try {
    return `parsed as ${parsed(text)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe('an expression', () => {
  it.each([
    ['pctcvr * price', '(* pctcvr price)'],
    ['sim_score + pctr + 2 * pcvr', '(+ (+ sim_score pctr) (* 2 pcvr))'],
    ['a - b - c / d / e', '(- (- a b) (/ (/ c d) e))'],
    ['-2 ^ 2', '(negate (^ 2 2))'],
    ['2 ^ 3 ^ -x', '(^ 2 (^ 3 (negate x)))'],
    ['- - x * y', '(* (negate (negate x)) y)'],
    ['(a + b) * (c)', '(* (+ a b) c)'],
    ['.5e-3*1E6+7.', '(+ (* 0.0005 1000000) 7)'],
    [
      'log(max(a, b, 1)) + if(views >= 10, clicks / views, 0)',
      '(+ (log (max a b 1)) (if (>= views 10) (/ clicks views) 0))',
    ],
    [
      'coalesce("unit ""price""", 0) == 1',
      'at character 31, got ==, expected an operator or the end: a comparison stands in the first place of if alone',
    ],
    ['"unit price" * größe', '(* "unit price" größe)'],
    ['log', 'log'],
  ])('%s is %s', (text, expected) => {
    expect(expected.startsWith('at ') ? refused(text) : parsed(text)).toBe(expected);
  });

  it.each([
    ['pctcvr * * price', 'at character 10, got *, expected a number, a name, a function or an opening parenthesis'],
    ['pctcvr *', 'at character 9, got the end, expected a number, a name, a function or an opening parenthesis'],
    ['', 'at character 1, got the end, expected a number, a name, a function or an opening parenthesis'],
    ['pctcvr price', 'at character 8, got price, expected an operator or the end'],
    ['(a + b', 'at character 7, got the end, expected an operator or a closing parenthesis'],
    ['a + b)', 'at character 6, got ), expected an operator or the end'],
    ['a ** 2', 'at character 4, got *, expected a number, a name, a function or an opening parenthesis'],
    ['a % 2', 'at character 3, got %, expected a number, a name, an operator or a parenthesis'],
    [
      'a + "b',
      'at character 5, got a quote that is not closed, expected a number, a name, an operator or a parenthesis',
    ],
    [
      'sqr(a)',
      'at character 1, no function sqr, did you mean sqrt? expected one of abs, coalesce, exp, if, log, max, min, pow, sqrt',
    ],
    ['eval(a)', 'at character 1, no function eval, expected one of abs, coalesce, exp, if, log, max, min, pow, sqrt'],
    ['log(a, b)', 'at character 1, got log of 2 values, expected 1'],
    ['min(a)', 'at character 1, got min of 1 values, expected 2 or more'],
    ['max()', 'at character 1, got max of 0 values, expected 2 or more'],
    ['if(a, 1, 2)', 'at character 5, got ,, expected a comparison such as a > b in the first place of if'],
    [
      'if(a > b > c, 1, 2)',
      'at character 10, got >, expected an operator, a comma or a closing parenthesis: a comparison stands in the first place of if alone',
    ],
    ['1e999', 'at character 1, got 1e999, expected a number that a double can hold'],
    ['a + ""', 'at character 5, got "", expected the name of a column'],
    ['a'.repeat(1001), 'got 1001 characters, expected at most 1000'],
  ])('%s is refused', (text, message) => {
    expect(refused(text)).toBe(message);
  });

  it('may be as deep as it is long', () => {
    expect(parsed(`${'('.repeat(499)}a${')'.repeat(499)}`)).toBe('a');
    expect(parsed(`${'-'.repeat(999)}a`).length).toBeGreaterThan(999);
  });
});
