/**
 * The stage graph: which stage follows which, and which tower predicts each edge. Structure only, no tensors.
 *
 * The root is the row itself: every row has reached it. A tower gives the probability of the next stage, one tower for
 * each edge. The edges of an exclusive group share a tower: a stage and its complement have one logit; other groups
 * have one logit for each member, in a softmax in which leaving the funnel has logit 0.
 */
import type { Declaration } from '../config/declaration.ts';
import { type Output, resolveOutputs } from '../config/resolve/outputs.ts';

/** A tower. For rows that have reached `from`, it predicts which of the stages `to` they reach. */
export interface Tower {
  readonly name: string;
  readonly from: string;
  /**
   * One stage, or a stage and its complement: the sigmoid of one logit. Several stages: a softmax over them and over
   * leaving the funnel, which has logit 0.
   */
  readonly to: readonly string[];
  /** The member of `to` that is the complement of the other, or `null`. */
  readonly complement: string | null;
}

/** A stage that has a label, with the weight of its loss. */
export interface LabelledStage {
  readonly name: string;
  readonly weight: number;
  /** Days after which the label is final, if the events have times; left out where no delays are known. */
  readonly withinDays?: number;
}

/** The stages of a funnel with their towers, labels and outputs. */
export interface StageGraph {
  readonly root: string;
  /** All stages, the root first, in an order in which every stage comes after those that lead to it. */
  readonly stages: readonly string[];
  readonly towers: readonly Tower[];
  /** The stages that have a label, each of which has a loss. */
  readonly labelled: readonly LabelledStage[];
  readonly outputs: readonly Output[];
}

const DAY_MS = 86_400_000;

/** Returns a tower that leads to a stage: the only one, or the first of several. */
export function towerOf({ towers }: Pick<StageGraph, 'towers'>, stage: string): Tower {
  return towers.find(({ to }) => to.includes(stage)) as Tower;
}

/** Returns the number of logits of a tower. */
export function logitCount(tower: Tower): number {
  return tower.complement === null ? tower.to.length : 1;
}

/** Builds the stage graph of a declaration. */
export function stageGraph(declaration: Pick<Declaration, 'root' | 'stages' | 'roles'>): StageGraph {
  const { root, stages } = declaration;
  const towers = towersOf(stages);
  const graph = { root, stages: [root, ...inOrder(root, stages)], towers };
  return {
    ...graph,
    labelled: stages
      .filter(({ label }) => label !== null)
      .map(({ name, weight, at, withinMs }) => ({
        name,
        weight,
        ...(at !== null && withinMs !== null && { withinDays: withinMs / DAY_MS }),
      })),
    outputs: resolveOutputs(root, stages, declaration.roles),
  };
}

/**
 * Returns the tower that leads from a stage towards a later one; `undefined` where the later one cannot be reached.
 * @throws {RangeError} where there are several, because their paths are then not exclusive.
 */
export function towerToward(graph: Pick<StageGraph, 'towers'>, from: string, to: string): Tower | undefined {
  const towers = graph.towers.filter(
    (tower) => tower.from === from && tower.to.some((next) => leadsTo(graph, next, to)),
  );
  if (towers.length > 1) {
    const names = towers.map(({ name }) => name).join(' and ');
    throw new RangeError(`the paths from ${from} to ${to} by ${names} are not declared exclusive`);
  }
  return towers[0];
}

/** Returns whether a stage is the other one or comes before it. */
export function leadsTo(graph: Pick<StageGraph, 'towers'>, from: string, to: string): boolean {
  return (
    from === to ||
    graph.towers.some((tower) => tower.from === from && tower.to.some((next) => leadsTo(graph, next, to)))
  );
}

/**
 * Returns the last stage before `to` that lies on every path from the root. The conditional probability of `to` is for
 * rows that have reached this stage.
 */
export function nearestOnEveryPath(graph: Pick<StageGraph, 'root' | 'stages' | 'towers'>, to: string): string {
  const before = graph.stages.slice(0, graph.stages.indexOf(to));
  const isOnEveryPath = (stage: string) => leadsTo(graph, stage, to) && !reachesAvoiding(graph, graph.root, to, stage);
  return before.filter(isOnEveryPath).at(-1) ?? graph.root;
}

/** Returns the last labelled stage before `to` that lies on every path from the root; the root where there is none. */
export function labelledBefore(graph: StageGraph, to: string): string {
  const before = nearestOnEveryPath(graph, to);
  const isLabelled = graph.labelled.some(({ name }) => name === before);
  return before === graph.root || isLabelled ? before : labelledBefore(graph, before);
}

/** Returns the labelled stages that are the last such one before another, each once; the root is not among them. */
export function earlierStages(graph: StageGraph): readonly string[] {
  const before = new Set(graph.labelled.map(({ name }) => labelledBefore(graph, name)));
  return [...before].filter((stage) => stage !== graph.root);
}

function reachesAvoiding(graph: Pick<StageGraph, 'towers'>, from: string, to: string, avoided: string): boolean {
  if (from === avoided) return false;
  if (from === to) return true;
  return graph.towers.some(
    (tower) => tower.from === from && tower.to.some((next) => reachesAvoiding(graph, next, to, avoided)),
  );
}

function towersOf(stages: Declaration['stages']): Tower[] {
  const groups = new Map<string, { from: string; to: string[]; complement: string | null; name: string }>();
  for (const stage of stages) {
    for (const from of stage.from) {
      const key = groupKey(stage, from);
      const group = groups.get(key);
      const name = stage.from.length === 1 ? stage.name : `${stage.name}_after_${from}`;
      if (group === undefined) groups.set(key, { from, to: [stage.name], complement: complementName(stage), name });
      else
        groups.set(key, {
          ...group,
          to: [...group.to, stage.name],
          complement: group.complement ?? complementName(stage),
        });
    }
  }
  return [...groups.values()].map((group) => ({ ...group, name: towerName(group) }));
}

function groupKey(stage: Declaration['stages'][number], from: string): string {
  if (stage.exclusive !== null) return `${from}\0group\0${stage.exclusive}`;
  return `${from}\0stage\0${stage.complementOf ?? stage.name}`;
}

function complementName(stage: Declaration['stages'][number]): string | null {
  return stage.complementOf === null ? null : stage.name;
}

function towerName({
  name,
  to,
  complement,
}: {
  name: string;
  to: readonly string[];
  complement: string | null;
}): string {
  const own = to.filter((stage) => stage !== complement);
  return own.length > 1 ? own.join('_or_') : name === complement ? (own[0] ?? name) : name;
}

function inOrder(root: string, stages: Declaration['stages']): string[] {
  const placed = new Set([root]);
  const order: string[] = [];
  while (order.length < stages.length) {
    const next = stages.find((stage) => !placed.has(stage.name) && stage.from.every((from) => placed.has(from)));
    if (next === undefined)
      throw new RangeError(`the stages ${stages.map(({ name }) => name).join(', ')} go in a circle`);
    placed.add(next.name);
    order.push(next.name);
  }
  return order;
}
