/** Networks that consist of parts without anything in common, each of which is trained by itself. */
import type { Network, NetworkPart, NetworkShape } from '../network.ts';
import { leadsTo, type StageGraph, type Tower } from '../stage-graph.ts';

/**
 * Returns what a network of parts consists of. Its towers are those of the parts, which have their own embeddings.
 * @throws {RangeError} where two parts have a parameter or mask of the same name.
 */
export function networkOfParts(
  parts: readonly NetworkPart[],
): Pick<Network, 'tables' | 'parameters' | 'masks' | 'forward' | 'parts'> {
  const networks = parts.map(({ network }) => network);
  const parameters = networks.flatMap((network) => network.parameters);
  const masks = networks.flatMap((network) => network.masks);
  assertDistinct('parameter', parameters);
  assertDistinct('mask', masks);
  return {
    tables: 'by-tower',
    parts,
    parameters,
    masks,
    forward: (...given) => Object.assign({}, ...networks.map((network) => network.forward(...given))),
  };
}

/** Returns the shape of the part of a network that predicts some stages of its graph. */
export function shapeOfPart(shape: NetworkShape, part: PartStages): NetworkShape {
  return { ...shape, graph: partGraph(shape.graph, part) };
}

/** The stages of a part of a graph. */
export interface PartStages {
  /** The stage that the rows of the part have reached. */
  readonly root: string;
  readonly towers: readonly Tower[];
  /** The labelled stages whose losses the part has. */
  readonly labelled: readonly string[];
}

/** Returns the graph of some towers. Its outputs are the probabilities of reaching each labelled stage from the root. */
function partGraph({ stages, labelled }: StageGraph, part: PartStages): StageGraph {
  const { root, towers } = part;
  const reached = towers.flatMap(({ to }) => to);
  const graph = {
    root,
    towers,
    stages: stages.filter((stage) => stage === root || reached.includes(stage)),
    labelled: labelled.filter(({ name }) => part.labelled.includes(name)),
  };
  const outputs = graph.labelled
    .filter(({ name }) => leadsTo(graph, root, name))
    .map(({ name }) => ({ name, from: root, to: name }));
  return { ...graph, outputs };
}

function assertDistinct(what: string, named: readonly { readonly name: string }[]): void {
  const names = named.map(({ name }) => name);
  const repeated = names.find((name, index) => names.indexOf(name) < index);
  if (repeated !== undefined) throw new RangeError(`parts of a network have the ${what} ${repeated} in common`);
}
