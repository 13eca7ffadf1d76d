import { Session, type TensorData } from '../ort/session.ts';

/** A graph that is opened when it first runs: which graphs of a model are needed depends on the rows that come. */
export class LazySession {
  readonly #graph: Uint8Array;
  readonly #folder: string;
  #session: Promise<Session> | null = null;

  /** @param folder of the files that the graph refers to. */
  constructor(graph: Uint8Array, folder: string) {
    this.#graph = graph;
    this.#folder = folder;
  }

  /** Opens the graph, unless it is open. @throws {Error} where it cannot be opened. */
  open(): Promise<Session> {
    this.#session ??= Session.open(this.#graph, { threads: 1, dataFolder: this.#folder });
    return this.#session;
  }

  /** As `Session.run`. @throws {Error} as `open`. */
  async run(...tensors: Parameters<Session['run']>): Promise<Record<string, TensorData>> {
    return (await this.open()).run(...tensors);
  }

  /** As `Session.prepare`. @throws {Error} as `open`. */
  async prepare(...tensors: Parameters<Session['prepare']>): Promise<() => Promise<void>> {
    return (await this.open()).prepare(...tensors);
  }

  /** Frees the session, if it was opened. */
  async release(): Promise<void> {
    await this.#session?.then(
      (session) => session.release(),
      () => undefined,
    );
  }
}
