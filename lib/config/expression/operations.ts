/** The operations of expressions, over finite numbers. */

/** Why an operation has no finite result for its operands. */
export type ArithmeticFault = 'division_by_zero' | 'out_of_domain' | 'overflow';

interface Operation {
  /** Operands, at least and at most. */
  readonly operands: readonly [least: number, most: number];
  /** The result; not finite where there is none. */
  apply(...operands: readonly number[]): number;
  /** Why a result is not finite. @default it is too large */
  fault?(...operands: readonly number[]): ArithmeticFault;
}

/** A comparison is 1 where it is true, otherwise 0; it stands in the first place of `if` alone. */
const comparison = (holds: (a: number, b: number) => boolean): Operation => ({
  operands: [2, 2],
  apply: (a = 0, b = 0) => (holds(a, b) ? 1 : 0),
});

const power: Operation = {
  operands: [2, 2],
  apply: (a = 0, b = 0) => a ** b,
  fault: (a = 0, b = 0) =>
    a === 0 ? 'division_by_zero' : a < 0 && !Number.isInteger(b) ? 'out_of_domain' : 'overflow',
};

/** What stands between two operands; `negate` is the minus sign in front of one. */
export const OPERATORS = {
  '+': { operands: [2, 2], apply: (a = 0, b = 0) => a + b },
  '-': { operands: [2, 2], apply: (a = 0, b = 0) => a - b },
  '*': { operands: [2, 2], apply: (a = 0, b = 0) => a * b },
  '/': {
    operands: [2, 2],
    apply: (a = 0, b = 0) => a / b,
    fault: (_, b) => (b === 0 ? 'division_by_zero' : 'overflow'),
  },
  '^': power,
  negate: { operands: [1, 1], apply: (a = 0) => -a },
} as const satisfies Readonly<Record<string, Operation>>;

/** What `if` compares by. */
export const COMPARISONS = {
  '<': comparison((a, b) => a < b),
  '<=': comparison((a, b) => a <= b),
  '>': comparison((a, b) => a > b),
  '>=': comparison((a, b) => a >= b),
  '==': comparison((a, b) => a === b),
  '!=': comparison((a, b) => a !== b),
} as const satisfies Readonly<Record<string, Operation>>;

/** Functions of the values of all their operands. */
export const FUNCTIONS = {
  abs: { operands: [1, 1], apply: (a = 0) => Math.abs(a) },
  exp: { operands: [1, 1], apply: (a = 0) => Math.exp(a) },
  log: { operands: [1, 1], apply: (a = 0) => Math.log(a), fault: () => 'out_of_domain' },
  max: { operands: [2, 100], apply: (...operands) => Math.max(...operands) },
  min: { operands: [2, 100], apply: (...operands) => Math.min(...operands) },
  pow: power,
  sqrt: { operands: [1, 1], apply: (a = 0) => Math.sqrt(a), fault: () => 'out_of_domain' },
} as const satisfies Readonly<Record<string, Operation>>;

/** Functions that do not need every operand: the first that is not missing, and one of two by a comparison. */
export const CHOICES = { coalesce: [2, 100], if: [3, 3] } as const satisfies Readonly<
  Record<string, readonly [least: number, most: number]>
>;

/** The operations that need all their operands. */
export const OPERATIONS = { ...OPERATORS, ...COMPARISONS, ...FUNCTIONS } as const;

/** The name of an operation that needs all its operands. */
export type OperationName = keyof typeof OPERATIONS;

/** The name of a function, which is written in front of its operands in parentheses. */
export type FunctionName = keyof typeof FUNCTIONS | keyof typeof CHOICES;

/** The names of the functions, for messages. */
export const FUNCTION_NAMES = [...Object.keys(FUNCTIONS), ...Object.keys(CHOICES)].sort() as FunctionName[];

/** Returns the operands that a function takes, at least and at most. */
export function operandsOf(name: FunctionName): readonly [least: number, most: number] {
  return name === 'coalesce' || name === 'if' ? CHOICES[name] : FUNCTIONS[name].operands;
}
