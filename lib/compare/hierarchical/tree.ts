/** The nodes of a hierarchy of features: what the training rows have of it. */
import { DataError } from '../../table/errors.ts';

/** The most entries of a Map. */
const MOST_NODES = 2 ** 24;

/** A hierarchy with a node for each combination of values of its first levels that the training rows have. */
export class Tree {
  /** Names of the features, the widest first. */
  readonly levels: readonly string[];
  /** Embedding rows of each level's feature, by which a node's key is unique. */
  readonly #sizes: readonly number[];
  readonly #nodes: readonly Map<number, number>[];
  /** Parent of each node, by level; of the first level, 0, the root. */
  readonly parents: readonly number[][];

  constructor(levels: readonly { readonly name: string; readonly size: number }[]) {
    this.levels = levels.map(({ name }) => name);
    this.#sizes = levels.map(({ size }) => size);
    this.#nodes = levels.map(() => new Map());
    this.parents = levels.map(() => []);
  }

  /** Returns the node of each level for rows of ids by feature, and adds those that are new. */
  add(ids: Readonly<Record<string, Int32Array>>, rows: number): Int32Array[] {
    return this.#place(ids, rows, true);
  }

  /** Returns the node of each level for rows of ids by feature; -1 where the training rows have none. */
  find(ids: Readonly<Record<string, Int32Array>>, rows: number): Int32Array[] {
    return this.#place(ids, rows, false);
  }

  #place(ids: Readonly<Record<string, Int32Array>>, rows: number, isAdding: boolean): Int32Array[] {
    let before = new Int32Array(rows);
    return this.levels.map((name, level) => {
      const [own, size, nodes] = [
        ids[name] as Int32Array,
        this.#sizes[level] as number,
        this.#nodes[level] as Map<number, number>,
      ];
      const parents = this.parents[level] as number[];
      const found = new Int32Array(rows);
      for (let row = 0; row < rows; row++) {
        const parent = before[row] as number;
        const key = parent * size + (own[row] as number);
        let node = parent < 0 ? -1 : (nodes.get(key) ?? -1);
        if (node < 0 && isAdding) {
          node = parents.length;
          if (node === MOST_NODES)
            throw new DataError(
              'too_large',
              `the hierarchy ${this.levels.join('/')} has more than ${MOST_NODES} combinations of values, expected fewer`,
            );
          nodes.set(key, node);
          parents.push(parent);
        }
        found[row] = node;
      }
      before = found;
      return found;
    });
  }
}
