/** Paths through the stages of a declaration, which form a directed graph: `from` lists the parents of a stage. */
import type { Stage } from '../declaration.ts';

type Edges = readonly Pick<Stage, 'name' | 'from'>[];

/** Returns the stages of a cycle, from one of them back to the same, or `undefined` if there is none. */
export function findCycle(stages: Edges): readonly string[] | undefined {
  for (const { name, from } of stages) {
    for (const parent of from) {
      const path = findPath(stages, name, parent);
      if (path !== undefined) return [...path, name];
    }
  }
  return undefined;
}

/** Returns a shortest path from one stage to another, both included, or `undefined` if there is none. */
export function findPath(stages: Edges, from: string, to: string): readonly string[] | undefined {
  const queue: (readonly string[])[] = [[from]];
  const seen = new Set([from]);
  for (const path of queue) {
    const last = path.at(-1) as string;
    if (last === to) return path;
    for (const next of childrenOf(stages, last).filter((child) => !seen.has(child))) {
      seen.add(next);
      queue.push([...path, next]);
    }
  }
  return undefined;
}

/** Whether every path from one stage to another goes through a third; false if there is no path. */
export function isOnEveryPath(stages: Edges, from: string, through: string, to: string): boolean {
  if (findPath(stages, from, through) === undefined || findPath(stages, through, to) === undefined) return false;
  return through === from || through === to || findPath(without(stages, through), from, to) === undefined;
}

/** Returns the stages that follow a stage directly, in the order of the file. */
function childrenOf(stages: Edges, parent: string): readonly string[] {
  return stages.filter(({ from }) => from.includes(parent)).map(({ name }) => name);
}

function without(stages: Edges, removed: string): Edges {
  return stages.map(({ name, from }) => ({ name, from: from.filter((parent) => parent !== removed) }));
}
