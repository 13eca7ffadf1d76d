import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../lib/config/expression/evaluate.ts';
import { parseExpression } from '../../../lib/config/expression/parse.ts';

/** Evaluates an expression for one row, and returns its value, or what is wrong. */
function resultOf(text: string, operands: Readonly<Record<string, number>> = {}): number | string {
  const arrays = Object.fromEntries(Object.entries(operands).map(([name, value]) => [name, Float64Array.of(value)]));
  const { values, faults } = evaluate(parseExpression(text), arrays, 1);
  const [fault] = faults;
  expect(Number.isNaN(values[0])).toBe(fault !== undefined);
  return fault === undefined ? (values[0] as number) : `${fault.fault} ${fault.text}`;
}

describe('the value of an expression', () => {
  it.each([
    ['pctcvr * price', { pctcvr: 0.25, price: 3 }, 0.75],
    ['sim + pctr + 2 * pcvr', { sim: 0.5, pctr: 0.25, pcvr: 0.125 }, 1],
    ['-2 ^ 2', {}, -4],
    ['2 ^ 3 ^ 2', {}, 512],
    ['pow(2, 10) - sqrt(16) - abs(-3)', {}, 1017],
    ['min(3, a, 2) + max(a, 0)', { a: -1 }, -1],
    ['log(exp(2))', {}, 2],
    ['if(v > 0, c / v, 0)', { v: 0, c: 3 }, 0],
    ['if(v != 0, c / v, 0)', { v: 2, c: 3 }, 1.5],
    ['coalesce(a, b, 7)', { a: Number.NaN, b: Number.NaN }, 7],
    ['coalesce(a, 0) + 1', { a: 4 }, 5],
    ['pow(a, 0)', { a: Number.NaN }, 'operand_missing null'],
    ['max(a, b)', { a: 1, b: Number.NaN }, 'operand_missing null'],
    ['if(a > 1, 1, 2)', { a: Number.NaN }, 'operand_missing null'],
    ['c / v', { v: 0, c: 3 }, 'division_by_zero 3 / 0'],
    ['c / -v', { v: 0, c: 3 }, 'division_by_zero 3 / 0'],
    ['0 / v', { v: 0 }, 'division_by_zero 0 / 0'],
    ['coalesce(c / v, 1)', { v: 0, c: 3 }, 'division_by_zero 3 / 0'],
    ['v ^ -1', { v: 0 }, 'division_by_zero 0 ^ -1'],
    ['log(v)', { v: 0 }, 'out_of_domain log(0)'],
    ['log(v)', { v: -2 }, 'out_of_domain log(-2)'],
    ['sqrt(v - 1)', { v: 0.5 }, 'out_of_domain sqrt(-0.5)'],
    ['pow(v, 0.5)', { v: -8 }, 'out_of_domain pow(-8, 0.5)'],
    ['exp(v)', { v: 1000 }, 'overflow exp(1000)'],
    ['v * v', { v: 1e200 }, 'overflow 1e+200 * 1e+200'],
  ])('of %s for %j is %s', (text, operands, expected) => {
    expect(resultOf(text, operands)).toBe(expected);
  });

  it('is computed in double precision from float32 outputs', () => {
    const { values } = evaluate(parseExpression('p * 3'), { p: Float32Array.of(0.1) }, 1);
    expect(values[0]).toBe(Math.fround(0.1) * 3);
  });

  it('needs every operand', () => {
    expect(() => evaluate(parseExpression('p * q'), { p: Float64Array.of(1) }, 1)).toThrow('no operand q was given');
  });
});
