/** Evaluates expressions row by row, in double precision. Every place where scores are computed uses this one function. */

import { type ArithmeticFault, OPERATIONS, type OperationName } from './operations.ts';
import type { ExpressionNode } from './parse.ts';

/** Why a row has no value: an operand is missing, or an operation has no finite result. */
export type Fault = ArithmeticFault | 'operand_missing';

/** A row without a value. */
export interface RowFault {
  readonly row: number;
  readonly fault: Fault;
  /** The part of the expression that has no value. */
  readonly node: ExpressionNode;
  /** That part with the row's numbers, such as `3 / 0`; `null` for a missing operand. */
  readonly text: string | null;
}

/** The values of an expression. */
export interface Evaluated {
  /** The value of each row; NaN in rows with a fault. Every other value is finite. */
  readonly values: Float64Array;
  /** The rows without a value, in order. */
  readonly faults: readonly RowFault[];
}

/** The operands: values by name, one for each row; NaN is a missing one, and no other is infinite. */
export type Operands = Readonly<Record<string, Float64Array | Float32Array>>;

/** Computes the value of one row; NaN, with the reason in `Evaluation.failed`, where it has none. */
type Compute = (row: number) => number;

/**
 * Returns the values of an expression for the rows 0 to `rows` - 1. `coalesce` and `if` evaluate only the operands that
 * they need. Elementary functions are V8's, which are the same on every machine.
 * @throws {RangeError} where an operand is not given.
 */
export function evaluate(expression: ExpressionNode, operands: Operands, rows: number): Evaluated {
  const evaluation = new Evaluation(operands);
  const compute = evaluation.compile(expression);
  const values = new Float64Array(rows);
  const faults: RowFault[] = [];
  for (let row = 0; row < rows; row += 1) {
    const value = compute(row);
    values[row] = value;
    if (Number.isNaN(value)) faults.push({ row, ...evaluation.failure() });
  }
  return { values, faults };
}

class Evaluation {
  readonly #operands: Operands;
  #failed: Omit<RowFault, 'row'> | null = null;

  constructor(operands: Operands) {
    this.#operands = operands;
  }

  /** The reason of the last value that was NaN. */
  failure(): Omit<RowFault, 'row'> {
    if (this.#failed === null) throw new RangeError('every value is finite, expected a fault');
    return this.#failed;
  }

  compile(node: ExpressionNode): Compute {
    if (node.kind === 'number') return () => node.value;
    if (node.kind === 'name') return this.#operand(node);
    const operands = node.operands.map((operand) => this.compile(operand));
    switch (node.operation) {
      case 'coalesce':
        return this.#coalesce(operands);
      case 'if':
        return choose(operands);
      default:
        return this.#operation(node, node.operation, operands);
    }
  }

  #operand(node: Extract<ExpressionNode, { readonly kind: 'name' }>): Compute {
    const values = this.#operands[node.name];
    if (values === undefined) throw new RangeError(`no operand ${node.name} was given`);
    const missing = { fault: 'operand_missing', node, text: null } as const;
    return (row) => {
      const value = values[row] ?? Number.NaN;
      if (Number.isNaN(value)) this.#failed = missing;
      return value;
    };
  }

  #coalesce(operands: readonly Compute[]): Compute {
    return (row) => {
      for (const compute of operands) {
        const value = compute(row);
        if (!Number.isNaN(value) || this.#failed?.fault !== 'operand_missing') return value;
      }
      return Number.NaN;
    };
  }

  #operation(node: ExpressionNode, name: OperationName, operands: readonly Compute[]): Compute {
    const operation = OPERATIONS[name];
    const apply: (...values: readonly number[]) => number = operation.apply;
    const faultOf: (...values: readonly number[]) => ArithmeticFault =
      'fault' in operation ? operation.fault : () => 'overflow';
    const checked = (result: number, values: readonly number[]): number => {
      if (Number.isFinite(result)) return result;
      this.#failed = { fault: faultOf(...values), node, text: textOf(name, values) };
      return Number.NaN;
    };
    const [first, second] = operands;
    if (first !== undefined && second !== undefined && operands.length === 2)
      return (row) => {
        const a = first(row);
        if (Number.isNaN(a)) return a;
        const b = second(row);
        if (Number.isNaN(b)) return b;
        const result = apply(a, b);
        return Number.isFinite(result) ? result : checked(result, [a, b]);
      };
    return (row) => {
      const values: number[] = [];
      for (const compute of operands) {
        const value = compute(row);
        if (Number.isNaN(value)) return value;
        values.push(value);
      }
      return checked(apply(...values), values);
    };
  }
}

function choose([condition, yes, no]: readonly Compute[]): Compute {
  if (condition === undefined || yes === undefined || no === undefined)
    throw new RangeError('if has fewer than 3 operands, expected the parser to refuse it');
  return (row) => {
    const holds = condition(row);
    return Number.isNaN(holds) ? holds : holds === 1 ? yes(row) : no(row);
  };
}

function textOf(name: OperationName, values: readonly number[]): string {
  if (name === 'negate') return `-${values[0]}`;
  return /^\w/.test(name) ? `${name}(${values.join(', ')})` : values.join(` ${name} `);
}
