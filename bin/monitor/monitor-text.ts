/** What the command prints of a run of monitoring: the verdict, what else holds, and where the page is. */
import { monitoringKey } from '../../lib/contract/bucket.ts';
import type { Monitored } from '../../lib/monitor/monitored.ts';
import { onlineRequests } from '../../lib/monitor/numbers.ts';
import { count, countOf } from '../../lib/numbers/text.ts';

/** Findings that are printed. */
const MOST = 10;

/** Returns the lines of a run. */
export function monitorText(
  { model, verdict, notes, history }: Pick<Monitored, 'model' | 'verdict' | 'notes' | 'history'>,
  url: string,
): string {
  const { level, reason, findings } = verdict;
  const scored = history.days.reduce(
    (sum, { versions }) => sum + Object.values(versions).reduce((rows, { scored: own }) => rows + own, 0),
    0,
  );
  const requests = onlineRequests(history.days).reduce((sum, one) => sum + one.requests, 0);
  const online = requests === 0 ? '' : `, ${countOf(requests, 'online request')}`;
  const [worst, ...others] = findings;
  return [
    ...notes.map((note) => `note: ${note}`),
    `${level}: ${reason}`,
    ...(worst === undefined ? [] : [`  ${worst.advice}`]),
    ...others.slice(0, MOST).map((one) => `also ${one.level}: ${one.text}`),
    ...(others.length > MOST ? [`and ${count(others.length - MOST)} more`] : []),
    `${countOf(history.days.length, 'day')}, ${countOf(scored, 'scored row')}${online}; the page is ${monitoringKey(model, 'page')} in ${url}`,
  ].join('\n');
}
