/** A search over settings, as text for people. */
import { countOf, duration, fixed, secondsText } from '../../lib/numbers/text.ts';
import { fragment, keyOf } from '../../lib/tune/refit.ts';
import { bestTrial, ranked, type Trial } from '../../lib/tune/trial.ts';
import { formatRows } from './log-text.ts';

/** Returns the line of a trial, and the time left where trials are left. */
export function trialLine(trial: Trial, all: readonly Trial[], trials: number, secondsLeft: number): string {
  const { number, settings, seconds, loss } = trial;
  const isBest = bestTrial(all)?.number === number;
  const left = number < trials ? [`about ${duration(secondsLeft)} left`] : [];
  const result = {
    finished: `validation loss ${fixed(loss, 5)}${isBest ? ', the best so far' : ''}`,
    stopped: `stopped early at validation loss ${fixed(loss, 5)}`,
    failed: `failed: ${trial.why}`,
  }[trial.outcome];
  return `trial ${number}/${trials}: ${[result, settingsText(settings), secondsText(seconds), ...left].join(', ')}`;
}

/** Returns the trials as a table, the best first, with a fragment of the declaration to paste. */
export function formatTrials(trials: readonly Trial[], mostEpochs: number): string {
  const best = bestTrial(trials);
  const keys = Object.keys(trials[0]?.settings ?? {});
  const outputs = [...new Set(trials.flatMap(({ networks }) => networks.flatMap(({ auc }) => Object.keys(auc))))];
  const rows = ranked(trials).map(({ number, settings, outcome, loss, networks }) => [
    String(number),
    outcome === 'failed' ? '-' : fixed(loss, 5),
    ...outputs.map((output) => fixed(networks.find(({ auc }) => output in auc)?.auc[output], 4)),
    networks.map(({ bestEpoch, losses }) => `${bestEpoch} of ${losses.length}`).join(' and ') || '-',
    outcome,
    ...keys.map((key) => valueText(settings[key])),
  ]);
  const columns = ['trial', 'loss', ...outputs.map((output) => `AUC ${output}`), 'best epoch', 'outcome'];
  const table = formatRows({ columns: [...columns, ...keys.map(keyOf)], rows });
  if (best === null) return `${table}\nno trial was trained to its end: the settings of the first are as declared`;
  const isLast = best.networks.some(({ bestEpoch }) => bestEpoch === mostEpochs);
  return [
    table,
    best.number === 1
      ? `the declared settings are the best of ${countOf(trials.length, 'trial')}`
      : `trial ${best.number} is the best of ${countOf(trials.length, 'trial')}; for the declaration:`,
    ...(best.number === 1 ? [] : [fragment(best.settings)]),
    ...(isLast ? ['its last epoch is its best, so more may be better (training.epochs)'] : []),
  ].join('\n');
}

function settingsText(settings: Trial['settings']): string {
  return Object.entries(settings)
    .map(([name, value]) => `${keyOf(name)} ${valueText(value)}`)
    .join(', ');
}

function valueText(value: Trial['settings'][string] | undefined): string {
  if (value === undefined) return '-';
  return typeof value === 'number' ? String(value) : `[${value.join(' ')}]`;
}
