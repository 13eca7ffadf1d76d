const [STOPPED, UNDER_WAY] = [0, 1];

/**
 * The state of a thread that its process may bring to a standstill, in memory that both share. A process that exits
 * while one of its threads is inside a native call, such as a run of onnxruntime, is aborted, because the thread is ended
 * before the call can return its result.
 */
export class Standstill {
  /** What the other thread's `Standstill` is made of. */
  readonly state: Int32Array<SharedArrayBuffer>;

  constructor(state = new Int32Array(new SharedArrayBuffer(8))) {
    this.state = state;
  }

  /** In the thread: does some work and returns its result. Work after `stop` is not begun, and its promise never settles. */
  async run<T>(work: () => T | Promise<T>): Promise<T> {
    // Counted before it looks: otherwise the process could stop it in between, and see nothing under way.
    Atomics.add(this.state, UNDER_WAY, 1);
    const isStopped = Atomics.load(this.state, STOPPED) === 1;
    try {
      if (!isStopped) return await work();
    } finally {
      Atomics.sub(this.state, UNDER_WAY, 1);
      Atomics.notify(this.state, UNDER_WAY);
    }
    return new Promise(() => undefined);
  }

  /**
   * In the process: keeps the thread from beginning anything, and blocks until what is under way there is done, but no
   * longer than so many milliseconds: a thread that waits for this one never is.
   */
  stop(limit: number): void {
    Atomics.store(this.state, STOPPED, 1);
    const end = performance.now() + limit;
    for (;;) {
      const left = end - performance.now();
      const underWay = Atomics.load(this.state, UNDER_WAY);
      if (underWay === 0 || left <= 0) return;
      Atomics.wait(this.state, UNDER_WAY, underWay, left);
    }
  }
}
