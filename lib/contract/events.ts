/** Names of the events on EventBridge, by which rules choose what they take. */

/** Source of every event of the product. */
export const EVENT_SOURCE = 'entirespace';

/** Detail types: what happened. */
export const EVENT_TYPES = {
  /** A run made its version the current one, or did not. */
  promoted: 'model.promoted',
  refused: 'model.refused',
  /** A candidate file has ended. */
  scored: 'scores.done',
  failed: 'scores.failed',
  /** Monitoring found what it had not reported before, by level. */
  watch: 'monitor.watch',
  act: 'monitor.act',
} as const;

/** A detail type. */
export type EventType = (typeof EVENT_TYPES)[keyof typeof EVENT_TYPES];
