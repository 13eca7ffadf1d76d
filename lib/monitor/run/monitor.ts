/** A run of monitoring: reads log and scores, judges the days, and writes page, numbers, history and verdict. */
import { randomUUID } from 'node:crypto';
import { type MONITORING_FILES, monitoringKey } from '../../contract/bucket.ts';
import { putMonitoringVerdict } from '../../gate/monitoring-verdict.ts';
import { putConditionally } from '../../store/conditional-put.ts';
import { recordText } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { funnelTasks } from '../../training/held-out/funnel-tasks.ts';
import { type DayRecord, emptyHistory, type History, historyText, KEPT_DAYS, readHistory } from '../history.ts';
import { type Judged, judge } from '../judge.ts';
import type { Monitored } from '../monitored.ts';
import { keepNews } from '../news.ts';
import { numbersOf } from '../numbers.ts';
import { readOnlineDays, withOnline } from '../online/online-days.ts';
import { verdictOf } from '../verdict.ts';
import { type ReadDays, type ReadDaysOptions, readDays } from './read-days.ts';
import { scoredManifests } from './scored-files.ts';
import { withSnapshots } from './snapshots.ts';
import { trainingScores } from './training-scores.ts';

export interface MonitorOptions extends Omit<ReadDaysOptions, 'tasks' | 'manifests'> {
  /** Price of a second of scoring, in USD; `null` if it is not known. */
  readonly usdPerSecond: number | null;
}

/** How often a history is read again that another run has changed meanwhile. */
const MOST_ROUNDS = 5;

/**
 * Runs monitoring of a declaration's model once. A run that is repeated, or made beside another one, changes nothing
 * more: what a day is known by depends on the log and the scores alone.
 * @throws {DataError} as `readDays`.
 */
export async function monitor(options: MonitorOptions): Promise<Monitored> {
  const { store, declaration, now, usdPerSecond } = options;
  const model = declaration.name;
  const tasks = funnelTasks(declaration);
  const read = await readDays({ ...options, tasks, manifests: await scoredManifests(store, model) });
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = await readHistory(store, model);
    const kept = before?.value ?? emptyHistory(model);
    const online = await readOnlineDays(store, model, { kept, now });
    const days = withOnline(mergedDays(kept, read), online.days).slice(-KEPT_DAYS);
    const end = read.end === null ? kept.end : new Date(read.end).toISOString();
    const seen = read.end === null ? null : new Date(read.end).toISOString();
    const snapshots = { kept: kept.days, end: seen, declaration, tasks };
    const merged: History = { ...kept, end, days: withSnapshots(days, snapshots) };
    const judged = judge(merged, { declaration, tasks, now });
    const { news, told } = newsOf(judged, merged);
    const history: History = { ...merged, told };
    const training = await trainingScores(store, model, history);
    const notes = [...read.notes, ...online.notes];
    const verdict = verdictOf(judged);
    const monitored = {
      model,
      at: now,
      history,
      judged,
      verdict,
      news,
      notes,
      tasks,
      declaration,
      training,
      usdPerSecond,
    };
    const put = { key: monitoringKey(model, 'history'), content: historyText(history), expected: before?.etag ?? null };
    // First, so that a run that is interrupted here sends them twice rather than never.
    await keepNews(store, model, { news, at: now });
    if ((await putConditionally({ store, newWriterId: randomUUID }, put)) === null) continue;
    await writeFiles(store, monitored);
    return monitored;
  }
  throw new Error(
    `${monitoringKey(model, 'history')} changed ${MOST_ROUNDS} times while it was being written (in ${store.url})`,
  );
}

async function writeFiles(store: Store, monitored: Monitored): Promise<void> {
  const { model, verdict, at } = monitored;
  // The library for plots takes a third of a second to load.
  const { monitoringPage } = await import('../page/page.ts');
  const put = (file: keyof typeof MONITORING_FILES, text: string) => store.put(monitoringKey(model, file), text);
  await put('page', monitoringPage(monitored));
  await put('numbers', recordText(numbersOf(monitored)));
  const { level, reason } = verdict;
  await putMonitoringVerdict(store, { model, at: at.toISOString(), level, reason });
}

/**
 * Puts the days that were read in the place of those that were kept. Of a day before the first of the log only what was
 * scored is new, and a day of which no scores are left stays as it was.
 */
export function mergedDays(
  { days: kept }: Pick<History, 'days'>,
  { days, from }: Pick<ReadDays, 'days' | 'from'>,
): DayRecord[] {
  const all = new Map(kept.map((day) => [day.day, day]));
  for (const day of days) {
    const before = all.get(day.day);
    all.set(
      day.day,
      before === undefined
        ? day
        : mergedDay(before, day, { isRead: from !== null && day.day >= from, isDated: from !== null }),
    );
  }
  return [...all.values()].sort((a, b) => (a.day < b.day ? -1 : 1));
}

function mergedDay(
  before: DayRecord,
  day: DayRecord,
  { isRead, isDated }: { readonly isRead: boolean; readonly isDated: boolean },
): DayRecord {
  const versions = { ...before.versions };
  for (const [version, own] of Object.entries(day.versions)) {
    const old = before.versions[version];
    // Of a log without a time, all is read each time.
    const keepsOld = old !== undefined && !isRead && (own.joined === null || isDated);
    versions[version] = keepsOld ? { ...own, counts: old.counts ?? own.counts, joined: old.joined ?? own.joined } : own;
  }
  return { ...before, outcomes: day.outcomes ?? before.outcomes, versions };
}

/** Returns what has not been reported, or only as less bad, and all that has been reported by then. */
function newsOf(
  judged: readonly Judged[],
  { told: before, days }: History,
): Pick<Monitored, 'news'> & Pick<History, 'told'> {
  const first = days[0]?.day ?? '';
  const told = Object.fromEntries(Object.entries(before).filter(([id]) => id.slice(0, 10) >= first));
  const news = judged.filter((one) => {
    if (one.level === 'ok') return false;
    const id = `${one.day} ${one.check} ${one.subject}`;
    if (told[id] === 'act' || told[id] === one.level) return false;
    told[id] = one.level;
    return true;
  });
  return { news, told };
}
