/** How far a long piece of work is, in rows. */
export interface Progress {
  readonly phase: 'encode' | 'train' | 'evaluate' | 'gate' | 'report';
  readonly done: number;
  readonly total: number;
  /** Of the training phase: `epoch 2/10`, and the mean loss so far. */
  readonly epoch?: number;
  readonly epochs?: number;
  readonly loss?: number;
}

export type OnProgress = (progress: Progress) => void;
