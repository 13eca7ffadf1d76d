/** The sending side of a queue. Receiving, retries and dead letters belong to what drives the handlers. */
export interface Queue {
  /** At least once, in any order. Each body is at most 256 KiB. */
  send(bodies: readonly string[]): Promise<void>;
}
