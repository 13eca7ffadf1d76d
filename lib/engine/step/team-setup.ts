import type { EngineOptions } from '../engine.ts';
import type { MemoryParts } from '../memory/memory-parts.ts';
import type { SharedMemory } from '../memory/memory-plan.ts';

/** What the members of a team share. It can be sent to other threads. */
export interface TeamSetup {
  readonly shared: SharedMemory;
  readonly parts: MemoryParts;
  readonly options: EngineOptions;
  /** Names of the network's losses. */
  readonly losses: readonly string[];
  /** The traced graphs as ONNX files: a training step, and the losses alone. */
  readonly graphs: { readonly step: Uint8Array; readonly loss: Uint8Array };
}

/** A step on the batch in the shared memory: training, or the losses alone. */
export interface StepTask {
  readonly kind: 'train' | 'loss';
  readonly rows: number;
  /** Global number of the training step, counted from 1. */
  readonly step: number;
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
