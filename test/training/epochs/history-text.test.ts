import { describe, expect, it } from 'vitest';
import type { EpochRecord, OutputFigures, TrainingHistory } from '../../../lib/training/epochs/epoch-record.ts';
import {
  endLine,
  epochLine,
  historyJson,
  newlyUnlearned,
  unlearnedAtBest,
} from '../../../lib/training/epochs/history-text.ts';

const CTR: OutputFigures = { stage: 'click', given: null, auc: 0.6512, logLoss: 0.16, baseLogLoss: 0.168 };
const CVR: OutputFigures = { stage: 'conversion', given: 'click', auc: null, logLoss: 0.0315, baseLogLoss: 0.0315 };
const EPOCH: EpochRecord = {
  epoch: 2,
  trainLoss: 0.162,
  trainLosses: { click: 0.16, conversion: 0.002 },
  validationLoss: 0.1625,
  validationLosses: { click: 0.1604, conversion: 0.0021 },
  validationOutputs: { pctr: CTR, pcvr: CVR },
  criterion: 0.1625,
  isBest: true,
  isWorse: false,
  seconds: 12.34,
};
const history = (more: Partial<TrainingHistory>): TrainingHistory => {
  return { epochs: [{ ...EPOCH, epoch: 1 }, EPOCH], bestEpoch: 2, stopped: 'epochs', stopBy: 'sum', ...more };
};

describe('the line of an epoch', () => {
  it('has the losses by stage of both parts, the AUCs, and how it compares', () => {
    expect(epochLine(EPOCH, { network: null, epochs: 10 })).toBe(
      'epoch 2/10: training loss 0.16200 (click 0.16000, conversion 0.00200), validation 0.16250 (click 0.16040, conversion 0.00210), AUC pctr 0.6512, pcvr -, best so far, 12.3 s',
    );
    const worse = { ...EPOCH, isBest: false, isWorse: true };
    expect(epochLine(worse, { network: null, epochs: 10 })).toContain(', worse than the best, 12.3 s');
    expect(epochLine({ ...worse, isWorse: false }, { network: null, epochs: 10 })).toContain(
      ', not better than the best, 12.3 s',
    );
  });

  it('names a network of several, has one loss once, and no validation where there is none', () => {
    const none = { validationLoss: null, validationLosses: null, validationOutputs: null, criterion: null };
    const record = { ...EPOCH, ...none, trainLosses: { click: 0.162 } };
    expect(epochLine(record, { network: 'click', epochs: 3 })).toBe('click epoch 2/3: training loss 0.16200, 12.3 s');
  });
});

describe('an output that has learned nothing', () => {
  it('is told after the epoch and of the best epoch', () => {
    const figures =
      'its log loss of conversion on the validation rows that reached click is 0.03150, that of their rate alone 0.03150';
    expect(newlyUnlearned(EPOCH, null, null)).toEqual([`pcvr is no better than a constant after epoch 2: ${figures}`]);
    expect(newlyUnlearned(EPOCH, null, 'conversion')[0]).toContain('after conversion epoch 2: ');
    expect(unlearnedAtBest(history({}))).toEqual([
      `pcvr is no better than a constant after the best epoch, 2: ${figures}`,
    ]);
  });

  it('is told after an epoch only if it was not so after the one before', () => {
    expect(newlyUnlearned(EPOCH, EPOCH, null)).toEqual([]);
    const learned = { ...EPOCH, validationOutputs: { pctr: CTR, pcvr: { ...CVR, logLoss: 0.03 } } };
    expect(newlyUnlearned(EPOCH, learned, null)).toHaveLength(1);
  });

  it('is not told where it is better, or where nothing can be told', () => {
    const outputs = { pcvr: { ...CVR, logLoss: 0.03 }, pctr: { ...CTR, baseLogLoss: null } };
    expect(newlyUnlearned({ ...EPOCH, validationOutputs: outputs }, null, null)).toEqual([]);
    expect(
      newlyUnlearned({ ...EPOCH, validationOutputs: { pcvr: { ...CVR, logLoss: null } } }, null, null),
    ).toHaveLength(1);
  });
});

describe('the end of training', () => {
  it.each([
    {
      more: {},
      line: 'training ended after epoch 2, best is epoch 2: all 2 epochs are trained (training.epochs); the last one is the best, so more may be better',
    },
    {
      more: { bestEpoch: 1 },
      line: 'training ended after epoch 2, best is epoch 1: all 2 epochs are trained (training.epochs)',
    },
    {
      more: { bestEpoch: 1, stopped: 'patience', stopBy: 'conversion' } as const,
      line: 'training ended after epoch 2, best is epoch 1: the validation loss of conversion was clearly worse in 1 of 1 epoch since (training.patience)',
    },
    {
      more: { bestEpoch: 1, stopped: 'plateau' } as const,
      line: 'training ended after epoch 2, best is epoch 1: the validation loss was not better in 1 epoch since (training.patience)',
    },
  ])('is told with its reason: $line', ({ more, line }) => {
    expect(endLine(history(more), null, 1)).toBe(line);
  });

  it('is told without validation rows', () => {
    const epochs = [{ ...EPOCH, criterion: null }];
    expect(endLine(history({ epochs, bestEpoch: 1 }), 'click', null)).toBe(
      'click training ended after 1 epoch: there are no validation rows to stop by',
    );
  });
});

it('metrics.json has the epochs under keys of its own', () => {
  expect(historyJson(history({ epochs: [EPOCH] }))).toEqual({
    best_epoch: 2,
    stopped: 'epochs',
    stop_by: 'sum',
    epochs: [
      {
        epoch: 2,
        training_loss: 0.162,
        training_losses: { click: 0.16, conversion: 0.002 },
        validation_loss: 0.1625,
        validation_losses: { click: 0.1604, conversion: 0.0021 },
        validation_outputs: {
          pctr: { auc: 0.6512, log_loss: 0.16, base_log_loss: 0.168 },
          pcvr: { auc: null, log_loss: 0.0315, base_log_loss: 0.0315 },
        },
        criterion: 0.1625,
        seconds: 12.34,
      },
    ],
  });
});
