import type { LogProgress } from '../table/log-progress.ts';

/** How far a long piece of work is, in rows if no unit is said. */
export interface Progress {
  readonly phase: LogProgress['phase'] | 'encode' | 'select' | 'draw' | 'train' | 'evaluate' | 'gate' | 'report';
  readonly done: number;
  readonly total: number;
  /** Only in the phase `convert`. */
  readonly unit?: 'bytes';
  /** The epoch under way, from 1; only in the phase `train`. */
  readonly epoch?: number;
  /** Number of epochs; only in the phase `train`. */
  readonly epochs?: number;
  /** The network that is trained, if the model has several; only in the phases `draw` and `train`. */
  readonly network?: string;
  /** Mean loss of the epoch so far; only in the phase `train`. */
  readonly loss?: number;
}

/** Called again and again during a long piece of work. */
export type OnProgress = (progress: Progress) => void;
