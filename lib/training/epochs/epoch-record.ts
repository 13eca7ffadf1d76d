/** What is known of an epoch and of a training when they end: for people to read, `metrics.json`, report and gate. */

/** Mean losses, over rows, of an epoch: the total, and each of the network's by name. */
export interface EpochRecord {
  readonly epoch: number;
  readonly trainLoss: number;
  readonly trainLosses: Readonly<Record<string, number>>;
  readonly validationLoss: number | null;
  readonly validationLosses: Readonly<Record<string, number>> | null;
  /** The probabilities of the validation rows, measured by output; `null` without validation rows. */
  readonly validationOutputs: Readonly<Record<string, OutputFigures>> | null;
  /** What training stops by, on the validation rows; `null` without any. */
  readonly criterion: number | null;
  /** Whether no epoch before was as good. */
  readonly isBest: boolean;
  /** Whether it is worse than the best epoch before by more than one standard error of the difference. */
  readonly isWorse: boolean;
  readonly seconds: number;
}

/** How well an output predicts the validation rows that reached the stage it is conditioned on. */
export interface OutputFigures {
  /** The labelled stage that the output predicts. */
  readonly stage: string;
  /** The stage that the measured rows have reached; `null` for all rows. */
  readonly given: string | null;
  /** `null` where the rows do not define it. */
  readonly auc: number | null;
  /** Mean log loss, in nats. */
  readonly logLoss: number | null;
  /** Log loss of the best constant: the share of these rows that reached the stage. */
  readonly baseLogLoss: number | null;
}

/**
 * Why a training ended: all epochs were trained; `patience` epochs were worse than the best one; or none was better for
 * so long, although none was clearly worse.
 */
export type StopReason = 'epochs' | 'patience' | 'plateau';

/** The epochs of a network. */
export interface TrainingHistory {
  readonly epochs: readonly EpochRecord[];
  /** The epoch, from 1, whose weights the network has. */
  readonly bestEpoch: number;
  readonly stopped: StopReason;
  /** What training stopped by: `sum`, a loss or an output. */
  readonly stopBy: string;
}

/** Whether the output knows no more of the rows than how frequent the stage is. */
export function hasLearnedNothing({ logLoss, baseLogLoss }: OutputFigures): boolean {
  return baseLogLoss !== null && (logLoss === null || logLoss >= baseLogLoss);
}
