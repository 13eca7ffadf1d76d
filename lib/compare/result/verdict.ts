/** What a comparison says in words: which model to take, by how much it is better, and how sure that is. */
import { count, countOf, listed, percent, signed } from '../../numbers/text.ts';
import type { ComparedModel, Comparison } from './comparison-file.ts';
import { FIGURES, type Figure } from './figures.ts';

/** From this share of the clicks on, conversion is not rare. */
const NOT_RARE = 0.05;

/** What the verdict is about. */
export type Judged = Pick<Comparison, 'models' | 'options' | 'units' | 'clicks' | 'conversions'> & {
  /** Why no claim can be made; `null` where one can. */
  readonly tooFew: string | null;
};

/** Returns whether a model is shown to be better, or worse, than the reference, by the interval over users. */
export function claimOf(
  { name, seeds, differences }: Pick<ComparedModel, 'name' | 'seeds' | 'differences'>,
  { by, against }: Pick<Comparison['options'], 'by' | 'against'>,
  tooFew: string | null,
): ComparedModel['claim'] {
  if (seeds.length === 0) return 'failed';
  if (name === against) return 'reference';
  const { lower = null, upper = null } = differences?.[by]?.overUsers ?? {};
  if (tooFew !== null || lower === null || upper === null) return 'not shown to differ';
  if (lower > 0) return 'better';
  return upper < 0 ? 'worse' : 'not shown to differ';
}

/** Returns the models, the greatest mean of the figure first; those without one are last. */
export function rankedModels<Model extends Pick<ComparedModel, 'name' | 'mean'>>(
  models: readonly Model[],
  by: Figure,
): Model[] {
  const value = ({ mean }: Model) => mean[by] ?? Number.NEGATIVE_INFINITY;
  return models.toSorted((a, b) => (value(a) === value(b) ? 0 : value(b) - value(a)));
}

/**
 * Returns the model to take: the best of those that can be trained and are shown to be better than the reference, else
 * the reference.
 */
export function winnerOf({
  models,
  options: { by, against },
}: Pick<Judged, 'models' | 'options'>): Comparison['winner'] {
  const shown = rankedModels(models, by).find((model) => model.claim === 'better' && !model.isForComparisonOnly);
  const winner = shown ?? models.find(({ name }) => name === against);
  return { name: winner?.name ?? against, settings: winner?.settings ?? {}, isShown: shown !== undefined };
}

/** Returns the verdict as a sentence. */
export function verdictText({ models, options, units, tooFew }: Judged): string {
  const { by, against } = options;
  const [first] = rankedModels(models, by);
  const reference = models.find((model) => model.name === against);
  if (first === undefined || reference === undefined || reference.seeds.length === 0)
    return `no verdict: ${against}, which the models are compared with, could not be trained`;
  const winner = winnerOf({ models, options });
  const best = models.find(({ name }) => name === winner.name) as ComparedModel;
  const by95 = (model: ComparedModel) => differenceText(model, by, unitsText(units));
  if (winner.isShown)
    return `${best.name} is better than ${against}: ${by95(best)} in the ${FIGURES[by].words}${greaterText(first, best, by)}`;
  const why = tooFew === null ? '' : `, for there are ${tooFew}`;
  if (first === reference)
    return `no model is better than ${against}, which has the greatest ${FIGURES[by].words} over ${countOf(options.seeds.length, 'seed')}`;
  if (first.claim === 'better')
    return `no model that can be trained is shown to be better than ${against}; ${first.name}, which is for comparison only, is: ${by95(first)} in the ${FIGURES[by].words}`;
  return `no model is shown to be better than ${against}${why}: ${first.name} has the greatest ${FIGURES[by].words}, ${by95(first)}`;
}

/** What to say of the model that ranks first, where it is not the one to take. */
function greaterText(first: ComparedModel, best: ComparedModel, by: Figure): string {
  if (first === best) return '';
  return first.isForComparisonOnly
    ? `; ${first.name}, which is for comparison only, has the greater mean, ${differenceText(first, by)}`
    : `; ${first.name} has the greater mean, which is not shown to be better`;
}

/** Returns what else should be known, a sentence each. */
export function notesOf(judged: Judged): readonly string[] {
  return [...rareNotes(judged), ...levelNotes(judged), ...failureNotes(judged), ...claimNotes(judged)];
}

/** By how much a model differs from the reference, with the interval over users; `over` says what was resampled. */
export function differenceText({ differences }: Pick<ComparedModel, 'differences'>, by: Figure, over = ''): string {
  const { value, lower, upper } = differences?.[by]?.overUsers ?? { value: null, lower: null, upper: null };
  return `${signed(value, 4)} (${over}${signed(lower, 4)} to ${signed(upper, 4)})`;
}

function unitsText({ kind, count: units }: Judged['units']): string {
  return `95% over ${count(units)} ${kind}: `;
}

/** A model of clicked rows alone needs neither the entire space nor ESMM where conversions are many. */
function rareNotes({ models, options: { by }, clicks, conversions }: Judged): string[] {
  const rate = clicks.train === 0 ? 0 : conversions.train / clicks.train;
  // Trees differ from networks in more than in the rows that train them.
  const [first] = rankedModels(models, by).filter(({ isForComparisonOnly }) => !isForComparisonOnly);
  const converts = `${percent(rate)} of the clicks in the training rows convert`;
  const isFirst = first?.onChosenRows === true;
  if (isFirst && rate >= NOT_RARE)
    return [
      `conversion is not rare here (${converts}), and ${first.name}, whose CVR network is trained on rows chosen by the click, ranks first: the entire space gives little where clicked rows suffice`,
    ];
  if (isFirst)
    return [
      `${first.name}, whose CVR network is trained on rows chosen by the click, ranks first, although conversion is rare (${converts}): the entire space does not help on this log`,
    ];
  return rate >= NOT_RARE
    ? [
        `conversion is not rare here (${converts}): models of clicked rows alone may do as well as those of the entire space`,
      ]
    : [];
}

function levelNotes({ models }: Judged): string[] {
  const shifted = models.filter(({ calibrated, seeds }) => !calibrated && seeds.length > 0).map(({ name }) => name);
  return shifted.length === 0
    ? []
    : [
        `the probabilities of ${listed(shifted)} are shifted by the rows that train them: only their order counts (training.calibration: platt repairs their level)`,
      ];
}

function failureNotes({ models }: Judged): string[] {
  return models.flatMap(({ name, failures }) => {
    const [first] = failures;
    return first === undefined
      ? []
      : [
          `${name} could not be trained in ${countOf(failures.length, 'run')}, first with seed ${first.seed}: ${first.why}`,
        ];
  });
}

function claimNotes({ models, tooFew, options: { against } }: Judged): string[] {
  const compared = models.filter(({ claim }) => claim !== 'reference' && claim !== 'failed').length;
  if (tooFew !== null) return [`no model is said to be better or worse: ${tooFew}`];
  // Of twenty models that are as good as the reference, one is outside of its 95% interval.
  return compared < 5
    ? []
    : [
        `${count(compared)} models are compared with ${against}: of so many that are as good, the interval of one in twenty leaves out 0 by chance`,
      ];
}
