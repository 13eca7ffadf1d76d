/** The report as one HTML page that needs nothing else: what was decided first, then why, then everything else. */

import { monitoringKey } from '../contract/bucket.ts';
import { calibrationText } from '../evaluation/calibration/calibration-text.ts';
import type { GateDecision } from '../gate/decide.ts';
import { monitoringText } from '../gate/monitoring-verdict.ts';
import { count, duration, minute, percent } from '../numbers/text.ts';
import { toldOf } from '../table/fit/summary.ts';
import { endLine, unlearnedAtBest } from '../training/epochs/history-text.ts';
import { folded, pageOf } from './document.ts';
import type { ReportFacts, TaskFacts } from './facts.ts';
import { Html, html } from './html.ts';
import { importancePlot, liftPlot, lossPlot, reliabilityPlot, rocPlot } from './plots.ts';
import {
  calibrationTable,
  checksTable,
  dataTable,
  driftTable,
  importanceTable,
  liftTable,
  lossTable,
  metricsTable,
  reliabilityTable,
  segmentTable,
  valuesTable,
} from './tables.ts';

/** Features whose drift is shown at once. */
const MOST_DRIFTS = 10;

/** The page of a version's report. */
export function reportPage(facts: ReportFacts): string {
  return pageOf(`${facts.model}: model report`, [
    heading(facts.model, html`version <span class="mono">${facts.version}</span>, ${minute(facts.at)}`),
    verdict(facts.decision),
    metrics(facts),
    checks(facts.decision),
    calibration(facts),
    ranking(facts),
    losses(facts),
    segments(facts),
    importance(facts),
    data(facts),
    drift(facts),
    monitoring(facts),
    run(facts),
  ]);
}

/** The page of a report that could not be made: it must not cost the model. */
export function problemPage(model: string, decision: GateDecision | null, problem: string): string {
  return pageOf(`${model}: model report`, [
    heading(model, html`the report could not be made`),
    verdict(decision),
    html`<section><h2>No figures</h2><p>${problem}</p></section>`,
  ]);
}

function heading(model: string, subtitle: Html): Html {
  return html`<header><p class="quiet">Model report</p><h1>${model}</h1><p class="quiet">${subtitle}</p></header>`;
}

function verdict(decision: GateDecision | null): Html {
  const { title, look, lead } = verdictText(decision);
  const reasons = decision?.reasons ?? [];
  const notes = decision?.figures.notes ?? [];
  return html`
<section class="verdict ${look}" aria-labelledby="verdict">
<h2 id="verdict">${title}</h2>
<p>${lead}</p>
${reasons.length === 0 ? null : html`<ul>${reasons.map((reason) => html`<li>${reason}</li>`)}</ul>`}
${notes.length === 0 ? null : html`<p>Also:</p><ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>`}
</section>`;
}

function verdictText(decision: GateDecision | null) {
  switch (decision?.verdict) {
    case undefined:
      return { title: 'Not judged', look: '', lead: 'Published without asking the gate: no version was replaced.' };
    case 'first':
      return { title: 'First version', look: 'good', lead: 'Nothing was in use before it; it takes up the work.' };
    case 'promoted':
      return { title: 'Promoted', look: 'good', lead: `Better than ${decision.champion}, which it replaces.` };
    case 'held':
      return {
        title: 'Held',
        look: '',
        lead: `Good enough, but not used: ${decision.champion} is pinned and stays.`,
      };
    case 'refused':
      return {
        title: 'Refused',
        look: 'bad',
        lead:
          decision.champion === null
            ? 'It is not used, and no other version is, for these reasons.'
            : `It is not used: ${decision.champion} stays, for these reasons.`,
      };
  }
}

function metrics(facts: ReportFacts): Html {
  const { rows, youngRows, decision } = facts;
  const window = decision?.window ?? null;
  const time = window?.time == null ? '' : `, ${window.time.from.slice(0, 10)} to ${window.time.to.slice(0, 10)}`;
  const young = youngRows === 0 ? '' : `; ${count(youngRows)} younger rows are left out, whose outcome is not settled`;
  const why =
    window === null || rows === 0 ? null : html`<p class="quiet">These rows are a fair test: ${window.because}.</p>`;
  return html`
<section>
<h2>How good it is</h2>
<p class="quiet">On ${count(rows)} held-out rows${time}${young}.${decision?.figures.outputs.length ? ' In brackets: 95% intervals.' : ''}</p>
${metricsTable(facts)}
<p class="quiet">PCOC: predicted over observed, 1 is right. NE: log loss over that of always saying the training rate,
below 1 is better than that.${facts.tasks.map(({ task }) => (task.given === null ? '' : ` ${task.title} is measured on the rows that reached ${task.given} alone.`))}</p>
${why}
</section>`;
}

function checks(decision: GateDecision | null): Html {
  const guards = decision?.figures.guards ?? [];
  if (guards.length === 0) return html``;
  const broken = guards.filter(({ holds }) => !holds).length;
  const summary =
    broken === 0 ? `All ${guards.length} checks hold` : `${broken} of ${guards.length} checks do not hold`;
  return html`<section><h2>Checks</h2>${folded(summary, checksTable(guards))}</section>`;
}

function calibration({ tasks, calibration: done, isCalibrated: isMeantToBeRight, clippedShares }: ReportFacts): Html {
  const isCalibrated = tasks.some(({ uncalibrated }) => uncalibrated !== null);
  return html`
<section>
<h2>Are the probabilities right?</h2>
<p class="quiet">Twenty bins of equally many rows; on the diagonal as many happen as are predicted. Bars: 95% intervals.
${key(tasks)}</p>
${isMeantToBeRight ? null : html`<p><strong>Not calibrated:</strong> the rows that trained this model shift its probabilities, so that their order counts alone.</p>`}
${Object.entries(clippedShares).map(
  ([output, share]) =>
    html`<p class="quiet">${output} is a quotient of two probabilities, clipped to 1 in ${percent(share)} of the rows.</p>`,
)}
<div class="grid">${tasks.map((facts) => figure(facts, reliabilityPlot(facts)))}</div>
${done === null ? null : html`<h3>What calibration did</h3><p class="quiet">Calibration: ${calibrationText(done)}.</p>`}
${isCalibrated ? calibrationTable(tasks) : null}
${folded('The numbers behind', ...tasks.map(reliabilityTable))}
</section>`;
}

function ranking({ tasks }: ReportFacts): Html {
  return html`
<section>
<h2>Does it rank well?</h2>
<p class="quiet">ROC curves: the further above the diagonal, the better. ${key(tasks)}</p>
<div class="grid">${tasks.map((facts) => figure(facts, rocPlot(facts)))}</div>
<p class="quiet">Lift: how much more often it happens among the rows that are given the greatest probabilities.</p>
<div class="grid">${tasks.map((facts) => figure(facts, liftPlot(facts)))}</div>
${folded('The numbers behind', liftTable(tasks))}
</section>`;
}

function losses({ networks, patience }: ReportFacts): Html {
  const told = networks.flatMap(({ name, ...history }) => [
    endLine(history, name, patience),
    ...unlearnedAtBest(history),
  ]);
  return html`
<section>
<h2>How it learned</h2>
<p class="quiet"><span class="key"></span>validation rows <span class="key dashed"></span>training rows; the ring is the
epoch whose weights these are.${networks.length > 1 ? ' Each network was trained by itself, on rows of its own.' : ''}</p>
<ul>${told.map((line) => html`<li>${line}</li>`)}</ul>
<div class="grid">${networks.map(({ epochs, bestEpoch }) =>
    Object.keys(epochs[0]?.trainLosses ?? {}).map(
      (stage) => html`<figure><figcaption><h3>${stage}</h3></figcaption>${lossPlot(stage, epochs, bestEpoch)}</figure>`,
    ),
  )}</div>
${folded('The numbers behind', ...networks.map(({ epochs }) => lossTable(epochs)))}
</section>`;
}

function segments({ segments: all, tasks }: ReportFacts): Html {
  const none = html`<p class="quiet">None is declared: <span class="mono">report: { segments: [country] }</span> tells
them apart.</p>`;
  return html`
<section>
<h2>Where it ranks well, and where not</h2>
${all.length === 0 ? none : html`<p class="quiet">AUC by segment${tasks[0]?.champion ? ', and how it differs from the version before' : ''}.</p>`}
${all.map((segment) => segmentTable(segment, tasks))}
</section>`;
}

function importance({ tasks, rows, sampleRows, features }: ReportFacts): Html {
  const measured = Math.max(0, ...tasks.map(({ importance: found }) => found.length));
  const sample =
    sampleRows === rows
      ? ''
      : ', a sample of as many rows of each outcome as there are or fit, which count as often as they stand for others';
  const some =
    measured === 0 || measured === features
      ? ''
      : ` Of ${count(features)} features these ${count(measured)} move the probabilities of a few rows most.`;
  return html`
<section>
<h2>What it looks at</h2>
<p class="quiet">AUC lost when a feature's values are shuffled among ${count(sampleRows)} held-out rows${sample}: mean of
three shuffles, the line and the brackets are the 95% interval.${some} Features that say the same stand in for each other
here.</p>
<div class="grid">${tasks.map((facts) => figure(facts, importanceOf(facts)))}</div>
${folded(measured === features ? 'Every feature' : 'Every feature that was measured', importanceTable(tasks))}
</section>`;
}

function importanceOf({ task, importance: found }: TaskFacts): Html {
  return found.length === 0 ? html`<p>Too few positives to tell.</p>` : importancePlot(task.output, found);
}

function data(facts: ReportFacts): Html {
  const { summary } = facts;
  const rejects = Object.entries(summary.rejectedByReason);
  const rejected =
    rejects.length === 0
      ? 'none'
      : `${count(summary.rejected)} (${rejects.map(([reason, rows]) => `${reason} ${count(rows)}`).join(', ')})`;
  const time = summary.time;
  const told = toldOf(summary);
  return html`
<section>
<h2>The data</h2>
<dl>
<dt>log</dt><dd>${summary.source}</dd>
${time === null ? null : html`<dt>time</dt><dd>${minute(new Date(time.first))} to ${minute(new Date(time.last))}</dd>`}
<dt>rows</dt><dd>${count(summary.rows)}</dd>
<dt>rejected</dt><dd>${rejected}</dd>
</dl>
${told.length === 0 ? null : html`<ul>${told.map((note) => html`<li>${note}</li>`)}</ul>`}
${dataTable(summary)}
${folded('Values that are missing or unknown', valuesTable(facts))}
</section>`;
}

function drift({ drift: found, decision }: ReportFacts): Html {
  if (found === null)
    return html`<section><h2>Has the data changed?</h2><p class="quiet">${decision === null ? 'Not compared: the gate was not asked.' : 'No version before it tells what it was trained on.'}</p></section>`;
  return html`
<section>
<h2>Has the data changed?</h2>
<p class="quiet">Training rows of this version against those of <span class="mono">${found.version}</span>: population
stability index, below 0.1 steady, above 0.25 another distribution.</p>
${driftTable(found.features.slice(0, MOST_DRIFTS))}
${found.features.length > MOST_DRIFTS ? folded('Every feature', driftTable(found.features)) : null}
</section>`;
}

function monitoring({ monitoring: last, model }: ReportFacts): Html {
  if (last === null) return html``;
  return html`
<section>
<h2>What monitoring said last</h2>
<p${last.level === 'act' ? new Html(' class="bad"') : null}>${monitoringText(last)}</p>
<p class="quiet">Of the versions in use until then; <span class="mono">${monitoringKey(model, 'page')}</span> in the
bucket has its page.</p>
</section>`;
}

function run({ run: facts }: ReportFacts): Html {
  const { seconds, trainingSeconds, engine, threads, hourlyUsd, resumed, warmStart } = facts;
  const cost =
    hourlyUsd === null
      ? 'not known here'
      : `at most ${((seconds / 3600) * hourlyUsd).toFixed(3)} USD, at ${hourlyUsd} USD an hour on demand`;
  return html`
<section>
<h2>The run</h2>
<dl>
<dt>time</dt><dd>${duration(seconds)} until this report${resumed > 0 ? ', the attempts before it aside' : ''}, ${duration(trainingSeconds)} of it for training and evaluation</dd>
<dt>cost</dt><dd>${cost}${hourlyUsd !== null && resumed > 0 ? ', for the last attempt alone' : ''}</dd>
<dt>trained by</dt><dd>${engine}</dd>
<dt>threads</dt><dd>${threads}</dd>
<dt>interrupted</dt><dd>${resumed === 0 ? 'never' : resumed === 1 ? 'once' : `${resumed} times`}</dd>
<dt>began with</dt><dd>${warmStart === null ? 'fresh weights' : html`the weights of <span class="mono">${warmStart}</span>`}</dd>
</dl>
<footer class="quiet">What was decided before and since: <span class="mono">entirespace models history</span>. What each
number means: docs/model.md and docs/gate.md of entirespace.</footer>
</section>`;
}

function figure({ task, own, champion }: TaskFacts, plot: Html): Html {
  const rows = `${count(own.rows)} rows, ${percent(own.baseRate.value)} positive`;
  const none = own.auc.value === null && champion === null ? html`<p>${rows}</p>` : plot;
  return html`<figure><figcaption><h3>${task.title} <small>${task.output}, ${rows}</small></h3></figcaption>${none}</figure>`;
}

function key(tasks: readonly TaskFacts[]): Html {
  return tasks[0]?.champion == null
    ? html``
    : html`<span class="key"></span>this version <span class="key dashed"></span>the version before.`;
}
