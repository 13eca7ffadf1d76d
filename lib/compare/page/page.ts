/** `comparison.html`: which model, by how much and how surely first, then the figures behind it. */
import { count, countOf, percent } from '../../numbers/text.ts';
import { folded, pageOf } from '../../report/document.ts';
import { type Html, html } from '../../report/html.ts';
import { PROTOCOL_TEXTS } from '../protocol.ts';
import type { Comparison } from '../result/comparison-file.ts';
import { FIGURES } from '../result/figures.ts';
import { differencePlot, reliabilityPlot, sharePlot } from './plots.ts';
import {
  differencesTable,
  levelsTable,
  otherStagesTable,
  rankingTable,
  reliabilityTable,
  settingsTable,
  sharesTable,
} from './tables.ts';
import { truthSection } from './truth-tables.ts';

export const PAGE_FILE = 'comparison.html';

type Found = Omit<Comparison, 'formatVersion'>;

/** The page of a comparison. */
export function comparisonPage(found: Found): string {
  return pageOf(`${found.name}: models compared`, [
    html`<header><p class="quiet">Models compared</p><h1>${found.name}</h1><p class="quiet">${countOf(found.models.length, 'model')}, ${countOf(found.options.seeds.length, 'seed')} each</p></header>`,
    verdict(found),
    ranking(found),
    differences(found),
    truthSection(found),
    shares(found),
    levels(found),
    reliability(found),
    settings(found),
    run(found),
  ]);
}

function verdict({ verdict: sentence, winner, notes, options, models }: Found): Html {
  const hasReference = models.some(({ claim }) => claim === 'reference');
  const unshown = hasReference ? `Keep ${options.against}` : 'No verdict';
  const title = winner.isShown ? `Take ${winner.name}` : unshown;
  return html`
<section class="verdict ${winner.isShown ? 'good' : ''}" aria-labelledby="verdict">
<h2 id="verdict">${title}</h2>
<p>${sentence}.</p>
${notes.length === 0 ? null : html`<ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>`}
</section>`;
}

function ranking({ models, options: { by, against }, units }: Found): Html {
  return html`
<section>
<h2>How well they rank</h2>
<p class="quiet">Means over the seeds, and their standard deviations; the greatest ${FIGURES[by].words} first. CVR is
measured on clicked rows alone. With shared CTR: the model's pCVR times the pCTR of a network that is trained by itself
and is the same for all models.</p>
${rankingTable(models)}
<p class="quiet">A model is better, or worse, than ${against} where the 95% interval over ${units.kind} leaves out 0.</p>
${otherStagesTable(models)}
</section>`;
}

function differences({ models, options: { by, against }, units }: Found): Html {
  const figures = [by, ...(by === 'cvr_auc' ? (['ctcvr_auc_own'] as const) : (['cvr_auc'] as const))];
  const compared = models.filter((model) => model.differences !== null);
  if (compared.length === 0) return html``;
  return html`
<section>
<h2>By how much, and how surely</h2>
<p class="quiet">Differences from <span class="key dashed"></span>${against}: of the scores averaged over the seeds, with
95% intervals over ${count(units.count)} ${units.kind} of the test rows, resampled whole${units.note}.</p>
<div class="grid">${figures.map(
    (figure) =>
      html`<figure><figcaption><h3>${FIGURES[figure].title}</h3></figcaption>${differencePlot(compared, figure, against)}</figure>`,
  )}</div>
${folded('The numbers behind', ...figures.map((figure) => html`<h3>${FIGURES[figure].title}</h3>${differencesTable(compared, figure, units.kind)}`))}
</section>`;
}

function shares({ shares: points, models, options: { by, against } }: Found): Html {
  if (points.length === 0) return html``;
  return html`
<section>
<h2>With fewer training rows</h2>
<p class="quiet">Trained on shares of the training rows, each smaller one part of the larger: figure 3 of the ESMM paper.
<span class="key"></span>the model <span class="key dashed"></span>${against}.</p>
<div class="grid">${models
    .filter(({ name }) => name !== against || models.length === 1)
    .map(
      ({ name }) =>
        html`<figure><figcaption><h3>${name}</h3></figcaption>${sharePlot(points, name, { figure: by, against })}</figure>`,
    )}</div>
${folded('The numbers behind', sharesTable(points, by))}
</section>`;
}

function levels({ models }: Found): Html {
  return html`
<section>
<h2>How right the probabilities are</h2>
<p class="quiet">Means over the seeds, without any calibration. PCOC: predicted over observed, 1 is right. NE: log loss over
that of always saying the training rate. Accuracy: share of the rows that are right at a threshold of one half, which says
little where positives are rare.</p>
<h3>CVR, on clicked rows</h3>
${levelsTable(models, 'cvr')}
<h3>CTCVR, on all rows</h3>
${levelsTable(models, 'ctcvr')}
${folded('CTR, on all rows', levelsTable(models, 'ctr'))}
</section>`;
}

function reliability({ models, options: { against } }: Found): Html {
  const reference = models.find(({ name }) => name === against)?.averaged?.tasks ?? {};
  const plots = (task: string) =>
    models.flatMap(({ name, averaged }) => {
      const own = averaged?.tasks[task];
      const other = name === against ? null : (reference[task] ?? null);
      return own === undefined || own.reliability.length === 0
        ? []
        : html`<figure><figcaption><h3>${name} <small>${own.output}, ${count(own.rows)} rows, ${percent(own.base_rate)} positive</small></h3></figcaption>${reliabilityPlot(name, own, other)}</figure>`;
    });
  return html`
<section>
<h2>Reliability by model</h2>
<p class="quiet">Twenty bins of equally many rows, of the scores averaged over the seeds; on the diagonal as many happen as
are predicted. <span class="key dashed"></span>${against}.</p>
<div class="grid">${plots('ctcvr')}</div>
${folded('CVR, on clicked rows', html`<div class="grid">${plots('cvr')}</div>`)}
${folded('The numbers behind', ...['ctcvr', 'cvr'].map((task) => html`<h3>${task}</h3>${reliabilityTable(models, task)}`))}
</section>`;
}

function settings({ models, options: { trials, by, seeds } }: Found): Html {
  const why =
    trials === 1
      ? html`Every model has the declared settings, or the defaults of its type.`
      : html`${countOf(trials, 'trial')} for every model with seed ${seeds[0] ?? 1}, of the settings of its type or, of a
type without any, of learning rate and L2; the greatest ${FIGURES[by].words} of the validation rows is chosen.`;
  return html`<section><h2>Settings</h2><p class="quiet">${why}</p>${folded('What was tried', settingsTable(models))}</section>`;
}

function run({ protocol, split, rows, clicks, conversions, leftOut, models }: Found): Html {
  const failed = models.flatMap(({ name, failures }) =>
    failures.map(
      ({ seed, share, why }) => `${name}, seed ${seed}${share === 1 ? '' : `, ${percent(share)} of the rows`}: ${why}`,
    ),
  );
  return html`
<section>
<h2>The data</h2>
<dl>
<dt>protocol</dt><dd>${PROTOCOL_TEXTS[protocol]}</dd>
<dt>split</dt><dd>${split}</dd>
<dt>training rows</dt><dd>${count(rows.train)}, with ${count(clicks.train)} clicks and ${count(conversions.train)} conversions</dd>
<dt>validation rows</dt><dd>${count(rows.validation)}</dd>
<dt>test rows</dt><dd>${count(rows.test)}, with ${count(clicks.test)} clicks and ${count(conversions.test)} conversions</dd>
${leftOut.map(({ name, why }) => html`<dt>left out</dt><dd>${name}: ${why}</dd>`)}
${failed.map((text) => html`<dt>failed</dt><dd>${text}</dd>`)}
</dl>
<footer class="quiet">Train what was found: <span class="mono">entirespace train --like comparison.json</span>. What each
number means: docs/compare.md of entirespace.</footer>
</section>`;
}
