/** The gate's decisions, as text for people. */
import type { Interval, OutputComparison } from '../../lib/gate/comparison/compare.ts';
import type { GateDecision } from '../../lib/gate/decide.ts';
import { isAlarmNote } from '../../lib/gate/monitoring-verdict.ts';
import { fixed } from '../../lib/numbers/text.ts';
import type { Decision } from '../../lib/registry/decisions.ts';

/** A line for each reason and note, then the metrics of both versions where they were compared. */
export function formatDecision({ verdict, reasons, champion, figures }: GateDecision): string {
  const compared = figures.outputs.flatMap((output) => (output.champion === null ? [] : formatOutput(output)));
  const against = champion === null ? '' : `, against ${champion}`;
  return [
    ...reasons.map((reason) => `gate: ${verdict}${against}: ${reason}`),
    ...figures.notes.map((note) => `gate: note: ${note}`),
    ...compared,
  ].join('\n');
}

/** A line for each decision, and one more for each further reason and for an alarm of monitoring. */
export function formatHistory(decisions: readonly Decision[]): string {
  return decisions
    .map(({ decidedAt, version, by, verdict, forced, reasons, figures }) => {
      const start = `${decidedAt}  ${version}  ${by.padEnd(8)}  ${(forced ? 'forced' : verdict).padEnd(8)}  `;
      return start + [...reasons, ...alarmsOf(figures)].join(`\n${' '.repeat(start.length)}`);
    })
    .join('\n');
}

function alarmsOf(figures: Decision['figures']): string[] {
  const notes = figures?.notes;
  return Array.isArray(notes) ? notes.map(String).filter(isAlarmNote) : [];
}

/** `CTR: AUC 0.6100 -> 0.6400 (0.0250 to 0.0350 more), PCOC 1.020 -> 0.990 (0.960 to 1.020)`. */
function formatOutput({ title, champion, challenger, difference }: OutputComparison): string {
  const auc = `AUC ${fixed(champion?.auc.value, 4)} -> ${fixed(challenger.auc.value, 4)}${range(difference?.auc, 4, ' more')}`;
  const pcoc = `PCOC ${fixed(champion?.pcoc.value, 3)} -> ${fixed(challenger.pcoc.value, 3)}${range(challenger.pcoc, 3)}`;
  return `  ${title}: ${auc}, ${pcoc}`;
}

function range(interval: Interval | undefined, digits: number, what = ''): string {
  if (interval === undefined || interval.lower === null || interval.upper === null) return '';
  return ` (${fixed(interval.lower, digits)} to ${fixed(interval.upper, digits)}${what})`;
}
