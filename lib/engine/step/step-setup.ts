import type { EngineOptions } from '../engine.ts';
import type { MemoryParts } from '../memory/memory-parts.ts';
import type { SharedMemory } from '../memory/memory-plan.ts';

/** What the members of a team share. It can be sent to other threads. */
export interface StepSetup {
  readonly shared: SharedMemory;
  readonly parts: MemoryParts;
  readonly options: EngineOptions;
  /** Names of the network's losses. */
  readonly losses: readonly string[];
}

/** A step on the batch in the shared memory: training, or the losses alone. */
export interface StepTask {
  readonly kind: 'train' | 'loss';
  readonly rows: number;
  /** Number of shared rows; `null` where each row has all of its inputs. */
  readonly distinct: number | null;
  /** Global number of the training step, counted from 1. */
  readonly step: number;
}

/** The threads that make the steps of an engine together, one step at a time. */
export interface Team {
  /**
   * Makes a step and returns the losses of the batch.
   * @throws {Error} where a thread fails or ends; no later step can be made.
   */
  run(task: StepTask): Promise<Losses>;
  /** Ends the threads. */
  release(): Promise<void>;
}

/** Losses by name. Those of all members' rows add up to those of the batch. */
export type Losses = Record<string, number>;

/** Things from number `from` to number `to` - 1. */
export interface Slice {
  readonly from: number;
  readonly to: number;
}

/** Returns the share of a member in a number of things: each has as many as any other, or one more. */
export function shareOf(count: number, member: number, members: number): Slice {
  return { from: Math.floor((count * member) / members), to: Math.floor((count * (member + 1)) / members) };
}

/** A member's rows of a batch, and those of the shared rows that they have; `null` where none are shared. */
export interface BatchSlices {
  readonly rows: Slice;
  readonly shared: Slice | null;
}

/**
 * Returns a member's share of rows that share others, given the shared row of each, so that no two members have the same
 * shared row: a share begins where the shared row changes.
 */
export function sharedSlices(sharedRows: Int32Array, distinct: number, member: number, members: number): BatchSlices {
  const change = (row: number): number => {
    let at = row;
    while (at > 0 && at < sharedRows.length && sharedRows[at] === sharedRows[at - 1]) at++;
    return at;
  };
  const share = shareOf(sharedRows.length, member, members);
  const rows = { from: change(share.from), to: change(share.to) };
  const sharedAt = (row: number) => sharedRows[row] ?? distinct;
  return { rows, shared: { from: sharedAt(rows.from), to: sharedAt(rows.to) } };
}
