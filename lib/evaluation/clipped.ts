/** How often a model contradicts itself: a later stage that is predicted to be likelier than the one before it. */
import type { StageGraph } from '../model/stage-graph.ts';

/**
 * Share of the rows, by weight, in which the probability of an output given an earlier stage is the quotient of two
 * probabilities that is above 1, and so is clipped to 1; by output. Quotients within the rounding of 1 are not counted.
 *
 * @param probabilities by output, of every stage that an output is given or predicts
 */
export function clippedShares(
  { root, outputs }: Pick<StageGraph, 'root' | 'outputs'>,
  probabilities: Readonly<Record<string, Float32Array>>,
  weight: Float32Array | null,
): Record<string, number> {
  const entire = (stage: string) => outputs.find(({ from, to }) => from === root && to === stage)?.name;
  return Object.fromEntries(
    outputs.flatMap(({ name, from, to }) => {
      const [earlier, later] = [entire(from), entire(to)].map((output) => output && probabilities[output]);
      return earlier && later ? [[name, shareAbove(earlier, later, weight)] as const] : [];
    }),
  );
}

const ROUNDING = 1e-6;

function shareAbove(earlier: Float32Array, later: Float32Array, weight: Float32Array | null): number {
  let [above, all] = [0, 0];
  for (let row = 0; row < earlier.length; row++) {
    const own = weight?.[row] ?? 1;
    all += own;
    if ((later[row] as number) > (earlier[row] as number) * (1 + ROUNDING)) above += own;
  }
  return all === 0 ? 0 : above / all;
}
