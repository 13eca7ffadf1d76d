/** The page on the kernels: which functions of TF.js are traced to which operators of ONNX, from the code. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { RULES_BY_KIND } from '../lib/graph/kernels/index.ts';
import { REFUSED } from '../lib/graph/kernels/refused.ts';
import { trace } from '../lib/graph/trace.ts';
import '../lib/model/gradients/kernel-gradients.ts';
import { type KernelCase, outputsOf } from '../test/graph/kernels/cases/case.ts';
import { CASES } from '../test/graph/kernels/cases/index.ts';
import { type Inputs, TRACED_INPUTS } from '../test/graph/kernels/cases/inputs.ts';

const OPS = 'node_modules/@tensorflow/tfjs-core/dist/ops';

const INTRODUCTION = `# Kernels

Each function of TF.js calls *kernels*. A model is traced by running it with kernels that record ONNX operators (opset 17), and its
gradients likewise. This page is written from the code by \`npx tsx scripts/write-kernels.ts\`; every line is tested beside TF.js's
own CPU kernels, values and gradients, at no row, one and more. Functions that are not here, such as \`tf.moments\`, \`tf.logSoftmax\`,
\`tf.norm\`, \`tf.basicLSTMCell\` and \`tf.losses\`, are made of those that are.

Where the graph differs from TF.js's CPU kernels: the sign of NaN is NaN, not 0; \`erf\` is exact to seven digits; \`matMul\` broadcasts
the axes before the last two of both sides, and \`einsum\` sums over several axes, which TF.js computes wrongly. An index outside fails
when the graph runs. The results of a graph may not depend on how many rows are in a batch: a mean over the rows has no gradient.

A gradient of 0 is that of functions that jump. A function with a random number, a shape that depends on values, or a value that is
read while it is traced is refused by name.
`;

/** Returns the text of `docs/kernels.md`. */
export function kernelsPage(): string {
  const operators = operatorsByKernel();
  const functions = functionsByKernel();
  const sections = Object.entries(RULES_BY_KIND).map(([kind, rules]) => {
    const rows = Object.keys(rules)
      .sort()
      .map((kernel) => {
        const cells = [named(functions.get(kernel)), gradient(kernel), named(operators.get(kernel))];
        return `| \`${kernel}\` | ${cells.join(' | ')} |`;
      });
    const title = `## ${kind[0]?.toUpperCase()}${kind.slice(1)}`;
    return [title, '', '| kernel | TF.js functions | gradient | ONNX operators |', '|---|---|---|---|', ...rows].join(
      '\n',
    );
  });
  return `${[INTRODUCTION, ...sections, refused()].join('\n\n').replaceAll('\n\n\n', '\n\n')}\n`;
}

function refused(): string {
  const byReason = grouped(Object.entries(REFUSED), ([, reason]) => reason);
  const rows = [...byReason].map(([reason, kernels]) => `| ${named(kernels.map(([kernel]) => kernel))} | ${reason} |`);
  return ['## Refused', '', '| kernels | why |', '|---|---|', ...rows].join('\n');
}

function gradient(kernel: string): string {
  if (['Fill', 'LinSpace', 'Range'].includes(kernel)) return '';
  // The function differentiates itself.
  if (kernel === '_FusedMatMul') return 'yes';
  if (tf.getGradient(kernel) === undefined) return 'no';
  return JUMPING.has(kernel) ? '0' : 'yes';
}

/** Kernels whose gradient is 0. */
const JUMPING = new Set(
  `All Any ArgMax ArgMin Ceil Equal Floor Greater GreaterEqual IsFinite IsInf IsNan Less LessEqual LogicalAnd LogicalNot
  LogicalOr NotEqual OneHot OnesLike Round SearchSorted Sign Step ZerosLike`.split(/\s+/),
);

/** The functions of TF.js that call a kernel, by its name, from their source. */
function functionsByKernel(): Map<string, readonly string[]> {
  const calls = readdirSync(OPS, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js') && !file.endsWith('_test.js'))
    .flatMap((file) => {
      const source = readFileSync(join(OPS, file), 'utf8');
      const name = /export (?:const (\w+) = (?:\/\*.*?\*\/ )?op\(|function (\w+)\(|\{ (\w+) \})/
        .exec(source)
        ?.slice(1)
        .find(Boolean);
      const folder = file.includes('/') ? `${file.split('/')[0]}.` : '';
      const kernels = [...source.matchAll(/runKernel\('?(\w+)/g)].map(([, kernel]) => kernel as string);
      return name === undefined ? [] : [...new Set(kernels)].map((kernel) => ({ kernel, name: folder + name }));
    });
  const byKernel = grouped(calls, ({ kernel }) => kernel);
  return new Map([...byKernel].map(([kernel, of]) => [kernel, of.map(({ name }) => name).sort()]));
}

/** The operators that the cases of the tests record for a kernel, by its name. */
function operatorsByKernel(): Map<string, readonly string[]> {
  const found = new Map<string, Set<string>>();
  const addThoseOf = (outputs: (one: KernelCase, inputs: Inputs) => Record<string, tf.Tensor>) => {
    for (const one of Object.values(CASES).flat())
      for (const { kernel, op } of trace((inputs) => outputs(one, inputs as unknown as Inputs), TRACED_INPUTS).nodes)
        found.set(kernel, (found.get(kernel) ?? new Set()).add(op));
  };
  addThoseOf((one, inputs) => outputsOf({ ...one, by: [] }, inputs));
  if (!found.has('EluGrad')) addThoseOf(outputsOf);
  return new Map([...found].map(([kernel, operators]) => [kernel, [...operators].sort()]));
}

function named(names: readonly string[] = []): string {
  return names.map((name) => `\`${name}\``).join(', ');
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, readonly T[]> {
  const keys = [...new Set(items.map(keyOf))];
  return new Map(keys.map((key) => [key, items.filter((item) => keyOf(item) === key)]));
}
