import type { EventType } from '../contract/events.ts';

/** Something that happened, for systems outside. */
export interface BusEvent {
  readonly type: EventType;
  /** When it happened. */
  readonly time: Date;
  /** What JSON can hold. */
  readonly detail: object;
}

/** Where events are sent to. */
export interface EventBus {
  /** Sends events; where it throws, some may have been sent: send all again. */
  send(events: readonly BusEvent[]): Promise<void>;
}
