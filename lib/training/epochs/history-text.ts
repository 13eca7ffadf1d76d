/** The epochs of a training as lines for people, and as JSON under the keys of `metrics.json`. */
import { countOf, fixed, secondsText } from '../../numbers/text.ts';
import { type EpochRecord, hasLearnedNothing, type OutputFigures, type TrainingHistory } from './epoch-record.ts';

/** A network's name, if its model has several, and the most epochs that it may train. */
export interface EpochsOf {
  readonly network: string | null;
  readonly epochs: number;
}

/**
 * Returns the line of an epoch: `epoch 2/10: training loss 0.2051 (click 0.1790, conversion 0.0261), validation ... (...),
 * AUC pctr 0.6512, ..., best so far, 12.3 s`. Each AUC is on the rows that reached the stage of its condition.
 */
export function epochLine(record: EpochRecord, { network, epochs }: EpochsOf): string {
  const { epoch, trainLoss, trainLosses, validationLoss, validationLosses, validationOutputs, seconds } = record;
  const aucs = Object.entries(validationOutputs ?? {}).map(([name, { auc }]) => `${name} ${fixed(auc, 4)}`);
  return [
    `${prefix(network)}epoch ${epoch}/${epochs}: training loss ${lossText(trainLoss, trainLosses)}`,
    ...(validationLoss === null ? [] : [`validation ${lossText(validationLoss, validationLosses ?? {})}`]),
    ...(aucs.length === 0 ? [] : [`AUC ${aucs.join(', ')}`]),
    ...(validationLoss === null ? [] : [comparedText(record)]),
    secondsText(seconds),
  ].join(', ');
}

/**
 * Returns a sentence for each output that has learned nothing by the end of an epoch, those left out of which the same
 * was true after the epoch `before`.
 */
export function newlyUnlearned(
  { epoch, validationOutputs }: EpochRecord,
  before: EpochRecord | null,
  network: string | null,
): string[] {
  const wasUnlearned = (name: string) => {
    const figures = before?.validationOutputs?.[name];
    return figures !== undefined && hasLearnedNothing(figures);
  };
  return Object.entries(validationOutputs ?? {})
    .filter(([name, figures]) => hasLearnedNothing(figures) && !wasUnlearned(name))
    .map(([name, figures]) => unlearnedText(name, figures, `after ${prefix(network)}epoch ${epoch}`));
}

/** Returns why a training ended and which epoch was best, with a hint where more epochs may be better. */
export function endLine(history: TrainingHistory, network: string | null, patience: number | null): string {
  const { epochs, bestEpoch, stopped, stopBy } = history;
  const last = epochs.length;
  if (epochs.at(-1)?.criterion == null)
    return `${prefix(network)}training ended after ${countOf(last, 'epoch')}: there are no validation rows to stop by`;
  const by = stopBy === 'sum' ? 'validation loss' : `validation loss of ${stopBy}`;
  const since = countOf(last - bestEpoch, 'epoch');
  const why = {
    epochs: `all ${countOf(last, 'epoch')} are trained (training.epochs)`,
    patience: `the ${by} was clearly worse in ${patience} of ${since} since (training.patience)`,
    plateau: `the ${by} was not better in ${since} since (training.patience)`,
  }[stopped];
  const hint = stopped === 'epochs' && bestEpoch === last ? '; the last one is the best, so more may be better' : '';
  return `${prefix(network)}training ended after epoch ${last}, best is epoch ${bestEpoch}: ${why}${hint}`;
}

/** Returns a sentence for each output that has learned nothing by the end of the best epoch. */
export function unlearnedAtBest({ epochs, bestEpoch }: TrainingHistory): string[] {
  const best = epochs.find(({ epoch }) => epoch === bestEpoch);
  return Object.entries(best?.validationOutputs ?? {})
    .filter(([, figures]) => hasLearnedNothing(figures))
    .map(([name, figures]) => unlearnedText(name, figures, `after the best epoch, ${bestEpoch}`));
}

/** Returns a training's epochs under the keys of `metrics.json`. */
export function historyJson({ epochs, bestEpoch, stopped, stopBy }: TrainingHistory) {
  return {
    best_epoch: bestEpoch,
    stopped,
    stop_by: stopBy,
    epochs: epochs.map((epoch) => ({
      epoch: epoch.epoch,
      training_loss: epoch.trainLoss,
      training_losses: epoch.trainLosses,
      validation_loss: epoch.validationLoss,
      validation_losses: epoch.validationLosses,
      validation_outputs:
        epoch.validationOutputs &&
        Object.fromEntries(
          Object.entries(epoch.validationOutputs).map(([name, { auc, logLoss, baseLogLoss }]) => [
            name,
            { auc, log_loss: logLoss, base_log_loss: baseLogLoss },
          ]),
        ),
      criterion: epoch.criterion,
      seconds: epoch.seconds,
    })),
  };
}

function unlearnedText(name: string, { stage, given, logLoss, baseLogLoss }: OutputFigures, when: string): string {
  const rows = given === null ? 'validation rows' : `validation rows that reached ${given}`;
  return `${name} is no better than a constant ${when}: its log loss of ${stage} on the ${rows} is ${lossDigits(logLoss)}, that of their rate alone ${lossDigits(baseLogLoss)}`;
}

function comparedText({ isBest, isWorse }: EpochRecord): string {
  if (isBest) return 'best so far';
  return isWorse ? 'worse than the best' : 'not better than the best';
}

function lossText(total: number, losses: Readonly<Record<string, number>>): string {
  const parts = Object.entries(losses).map(([name, loss]) => `${name} ${lossDigits(loss)}`);
  return parts.length < 2 ? lossDigits(total) : `${lossDigits(total)} (${parts.join(', ')})`;
}

function lossDigits(loss: number | null): string {
  return fixed(loss, 5);
}

function prefix(network: string | null): string {
  return network === null ? '' : `${network} `;
}
