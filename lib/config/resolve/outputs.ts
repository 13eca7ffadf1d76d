/** The outputs of a model: the probabilities that are columns of the scores. */
import type { Roles, Stage } from '../declaration.ts';
import { isOnEveryPath } from './stage-paths.ts';

/** An output: the probability that a row which has reached `from` reaches `to`. */
export interface Output {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Returns the outputs in order: those of the roles (`pctr`, `pcvr`, `pctcvr`), then by stage its probability given the
 * last stage on every path to it (`p_<stage>`), and given the root (`p_<stage>_entire`); none twice.
 */
export function resolveOutputs(root: string, stages: readonly Stage[], roles: Roles | null): readonly Output[] {
  const byRole: Output[] = roles
    ? [
        { name: 'pctr', from: roles.impression, to: roles.click },
        { name: 'pcvr', from: roles.click, to: roles.conversion },
        { name: 'pctcvr', from: roles.impression, to: roles.conversion },
      ]
    : [];
  const byStage = stages
    .filter(({ complementOf }) => complementOf === null)
    .flatMap(({ name }): Output[] => {
      const entire = { name: `p_${name}_entire`, from: root, to: name };
      const given = nearestOnEveryPath(root, stages, name);
      return given === root ? [entire] : [{ name: `p_${name}`, from: given, to: name }, entire];
    });
  const isNamed = (output: Output) => byRole.some(({ from, to }) => from === output.from && to === output.to);
  return [...byRole, ...byStage.filter((output) => !isNamed(output))];
}

/** Returns the last stage before `to` that lies on every path from the root; the root where there is none. */
function nearestOnEveryPath(root: string, stages: readonly Stage[], to: string): string {
  const before = stages.map(({ name }) => name).filter((name) => name !== to && isOnEveryPath(stages, root, name, to));
  return before.find((last) => before.every((other) => isOnEveryPath(stages, root, other, last))) ?? root;
}
