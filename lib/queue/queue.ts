/** The sending side of a queue. Receiving, retries and dead letters belong to what drives the handlers. */
export interface Queue {
  /** Sends messages, each at least once, in any order. A body has at most 256 KiB. */
  send(bodies: readonly string[]): Promise<void>;
}
