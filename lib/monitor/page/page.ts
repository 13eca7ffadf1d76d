/** The monitoring page: what is wrong first, in one sentence, then what it is seen by. */
import { count, duration, fixed, minute } from '../../numbers/text.ts';
import { folded, pageOf } from '../../report/document.ts';
import { type Html, html } from '../../report/html.ts';
import { CHECKS } from '../checks/check.ts';
import type { Monitored } from '../monitored.ts';
import {
  featureDays,
  labelAges,
  lastScored,
  type OutputDay,
  onlineRequests,
  outputDays,
  scoreShifts,
  segmentExcesses,
  shownDays,
  versionPairs,
} from '../numbers.ts';
import { expectedPlot, pointsOf, ratioPlot, scoresPlot, sharePlot } from './plots.ts';
import {
  ageTable,
  dayTable,
  featureTable,
  histogramTable,
  judgedTable,
  onlineTable,
  outputTable,
  pairTable,
  segmentTable,
} from './tables.ts';

const TITLES = { ok: 'OK', watch: 'Watch', act: 'Act' } as const;
const LOOKS = { ok: 'good', watch: 'warn', act: 'bad' } as const;
/** Features that are drawn: those furthest above training. */
const MOST_FEATURES = 4;

/** Returns the page of a run. */
export function monitoringPage(found: Monitored): string {
  const outputs = outputDays(found);
  return pageOf(`${found.model}: monitoring`, [
    heading(found),
    verdict(found),
    calibration(found, outputs),
    ranking(found, outputs),
    scores(found),
    features(found),
    online(found),
    segments(found),
    versions(found),
    days(found),
    comparisons(found),
  ]);
}

function heading({ model, at, history }: Monitored): Html {
  const until = history.end === null ? '' : `; outcomes until ${minute(new Date(history.end))}`;
  return html`<header><p class="quiet">Monitoring</p><h1>${model}</h1><p class="quiet">${minute(at)}${until}</p></header>`;
}

function verdict({ verdict: { level, reason, findings }, notes }: Monitored): Html {
  const [worst, ...others] = findings;
  const items = others.map(
    (one) => html`<li><b>${TITLES[one.level]}:</b> ${sentence(one.text)} ${sentence(capital(one.advice))}</li>`,
  );
  return html`
<section class="verdict ${LOOKS[level]}" aria-labelledby="verdict">
<h2 id="verdict">${TITLES[level]}</h2>
<p>${sentence(reason)}</p>
${worst === undefined ? null : html`<p>${sentence(capital(worst.advice))}</p>`}
${items.length === 0 ? null : folded(`${count(items.length)} more`, html`<ul>${items}</ul>`)}
${notes.length === 0 ? null : folded('Notes', html`<ul>${notes.map((note) => html`<li>${sentence(note)}</li>`)}</ul>`)}
</section>`;
}

function calibration(found: Monitored, all: readonly OutputDay[]): Html {
  const { tasks, declaration } = found;
  const ages = labelAges(found);
  const { watch, act } = declaration.monitoring.pcoc;
  const limits = [watch, act].flatMap((limit) => (limit === null ? [] : [1 + limit, 1 / (1 + limit)]));
  const plots = tasks.map(({ output }) => figure(output, ratioPlot(output, ofOutput(all, output), limits)));
  return html`
<section>
<h2>Is as much observed as was predicted?</h2>
<p class="quiet">Predicted over observed (PCOC) by day of scoring, with 95% intervals; 1 is right. Shaded days wait for
labels, the darker the more: what has come is compared with what should have come by now.
<span class="key dashed"></span>limits</p>
<div class="grid">${plots}</div>
${folded('The numbers behind', ...tasks.map(({ output }) => html`<h3>${output}</h3>${outputTable(output, ofOutput(all, output))}`))}
${ages.length === 0 ? null : folded('When labels come', ageTable(ages))}
</section>`;
}

function ranking({ tasks }: Monitored, all: readonly OutputDay[]): Html {
  const plots = tasks.flatMap(({ output }) => {
    const own = ofOutput(all, output);
    return [
      figure(`${output}: AUC`, expectedPlot('AUC', pointsOf(own, 'auc'), pointsOf(own, 'expectedAuc'))),
      figure(`${output}: NE`, expectedPlot('NE', pointsOf(own, 'entropy'), pointsOf(own, 'expectedEntropy'))),
    ];
  });
  return html`
<section>
<h2>Does it rank as its scores claim?</h2>
<p class="quiet">Of final labels, by histograms. <span class="key"></span>as it came out
<span class="key dashed"></span>as it comes out on average if the scores are calibrated. NE: log loss over that of always
saying the mean; below 1 is better. The numbers are in the tables above.</p>
<div class="grid">${plots}</div>
</section>`;
}

function scores(found: Monitored): Html {
  const last = lastScored(found.history.days);
  const drawn = scoreShifts(found).map(({ output, version, againstTraining, againstWeek }) => ({
    title: `${output} of ${version}`,
    own: last?.versions[version]?.outputs?.[output]?.bins ?? { from: 0, values: [] },
    reference: found.training[version]?.[output]?.bins ?? null,
    caption: `PSI ${fixed(againstTraining, 3)} against training, ${fixed(againstWeek, 3)} against the week before`,
  }));
  if (last === undefined || drawn.length === 0) return html``;
  return html`
<section>
<h2>Are the scores spread as they were?</h2>
<p class="quiet"><span class="key"></span>${last.day} <span class="key dashed"></span>held-out rows at training. PSI, the
stability index: from 0.1 on something moved, from 0.25 on much. Candidates may be other rows than those of the log, so
the verdict counts only the week before.</p>
<div class="grid">${drawn.map(({ title, own, reference, caption }) => figure(title, scoresPlot(title, own, reference), caption))}</div>
${folded('The numbers behind', ...drawn.map(({ title, own, reference }) => html`<h3>${title}</h3>${histogramTable(title, own, reference)}`))}
</section>`;
}

function features(found: Monitored): Html {
  const all = featureDays(shownDays(found));
  if (all.length === 0) return html``;
  const drawn = [...new Set(all.map(({ feature }) => feature))]
    .flatMap((name) => {
      const own = all.filter(({ feature }) => feature === name);
      return (['missing', 'unknown'] as const).flatMap((kind) => {
        // A number cannot be unknown: there is nothing to draw.
        const excesses = own.flatMap(({ [kind]: share, usual }) => (share === null ? [] : [share - usual[kind]]));
        return excesses.length === 0 ? [] : [{ name, kind, own, above: Math.max(...excesses) }];
      });
    })
    .sort((a, b) => b.above - a.above)
    .slice(0, MOST_FEATURES);
  return html`
<section>
<h2>Are the values there, and known?</h2>
<p class="quiet">Shares of rows without a value, and of values that the model does not know, by day of scoring: those
furthest above <span class="key dashed"></span>training first.</p>
<div class="grid">${drawn.map(({ name, kind, own }) => figure(`${name}: ${kind}`, sharePlot(kind, own)))}</div>
${folded('The numbers behind', featureTable(all))}
</section>`;
}

function online({ history, tasks }: Monitored): Html {
  const shown = shownDays({ history });
  const requests = onlineRequests(shown);
  if (requests.length === 0) return html``;
  const outputs = tasks.map(({ output }) => output);
  const total = requests.reduce((sum, one) => sum + one.requests, 0);
  const features = featureDays(shown.map(({ day, online: versions = {} }) => ({ day, versions })));
  return html`
<section>
<h2>Online requests</h2>
<p class="quiet">${count(total)} requests in the days shown. Requests and rows are counted exactly; means, and values that are missing or unknown, are of the rows in
the column counted. They are compared as those of files are, and apart from them.</p>
${folded('By day', onlineTable(requests, outputs))}
${features.length === 0 ? null : folded('Values that are missing or unknown', featureTable(features))}
</section>`;
}

function segments(found: Monitored): Html {
  const all = segmentExcesses(found);
  if (all.length === 0) return html``;
  return html`
<section>
<h2>Where more, or less, happens than is predicted</h2>
<p class="quiet">Final labels of the days shown, by the columns of report.segments, with 95% intervals.</p>
${segmentTable(all)}
</section>`;
}

function versions(found: Monitored): Html {
  const pairs = versionPairs(shownDays(found));
  if (pairs.length === 0) return html``;
  return html`
<section>
<h2>This version and the one before</h2>
<p class="quiet">On the rows that both scored before the impression: mean log loss of the one before minus that of this
one, with 95% intervals; above 0 this one is better.</p>
${pairTable(pairs)}
</section>`;
}

function days(found: Monitored): Html {
  const shown = shownDays(found);
  const last = Math.max(...shown.flatMap((day) => Object.values(day.versions).map(({ lastAt }) => Date.parse(lastAt))));
  const age = Number.isFinite(last)
    ? `The last file was scored ${duration((found.at.getTime() - last) / 1000)} ago.`
    : 'Nothing was scored yet.';
  return html`
<section>
<h2>Files, rejects and cost</h2>
<p class="quiet">${age} With outcome: share of the keys that were in the log while their score counted. Without score:
rows of the log of that day that no score came before.</p>
${folded('By day', dayTable(shown, found.usdPerSecond))}
</section>`;
}

function comparisons({ judged }: Monitored): Html {
  const crossed = judged.filter(({ level }) => level !== 'ok');
  const compared = Object.entries(CHECKS).map(([check, what]) => {
    const own = judged.filter((one) => one.check === check);
    return html`<li>${what}: ${own.length === 0 ? 'not yet' : `${count(own.length)} times`}</li>`;
  });
  return html`
<section>
<h2>Every limit that was crossed</h2>
${crossed.length === 0 ? html`<p class="quiet">None.</p>` : judgedTable(crossed.toReversed())}
${folded('What was compared', html`<ul>${compared}</ul>`)}
<footer class="quiet">Numbers: index.json beside this page. What each means: docs/monitoring.md of entirespace.</footer>
</section>`;
}

function figure(title: string, plot: Html, caption: string | null = null): Html {
  return html`<figure><figcaption><h3>${title}</h3></figcaption>${plot}${caption === null ? null : html`<p class="quiet">${caption}</p>`}</figure>`;
}

function ofOutput(all: readonly OutputDay[], output: string): OutputDay[] {
  return all.filter((one) => one.output === output);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Returns a message as a sentence. It keeps its first letter, which may be that of a name. */
function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}
