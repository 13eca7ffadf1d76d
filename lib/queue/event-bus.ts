import type { EventType } from '../contract/events.ts';

/** Something that happened, for systems outside. */
export interface BusEvent {
  readonly type: EventType;
  /** When it happened. */
  readonly time: Date;
  /** What JSON can hold. */
  readonly detail: object;
}

/** An event that a bus did not take. */
export interface UnsentEvent {
  readonly event: BusEvent;
  readonly why: string;
  /** Whether the bus refuses the event for what it is, however often it is sent. */
  readonly isRefused: boolean;
}

/** Where events are sent to. */
export interface EventBus {
  /** Sends events, and returns those that were not taken; one whose answer is lost may have been. Never throws. */
  send(events: readonly BusEvent[]): Promise<readonly UnsentEvent[]>;
}

/** Logs the events that a bus refuses, with all that is in them; returns the others. */
export function tellRefused(
  log: { error(message: string, details: Readonly<Record<string, unknown>>): void },
  unsent: readonly UnsentEvent[],
): UnsentEvent[] {
  for (const { event, why } of unsent.filter(({ isRefused }) => isRefused)) log.error('event refused', { event, why });
  return unsent.filter(({ isRefused }) => !isRefused);
}
