/** A scheduled run of monitoring: the log of the last days from the bucket, the page, and its news as events. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Declaration } from '../../lib/config/declaration.ts';
import type { Level } from '../../lib/monitor/judge.ts';
import type { Monitored } from '../../lib/monitor/monitored.ts';
import { tellNews } from '../../lib/monitor/news.ts';
import { monitor } from '../../lib/monitor/run/monitor.ts';
import { publishedDeclaration } from '../../lib/predictor/published-declaration.ts';
import { type EventBus, tellRefused } from '../../lib/queue/event-bus.ts';
import { currentVersion } from '../../lib/registry/current.ts';
import { VersionNotFoundError } from '../../lib/registry/errors.ts';
import type { CountMonitoring } from '../../lib/scoring/handlers/telemetry.ts';
import type { Logger } from '../../lib/scoring/protocol/ports.ts';
import type { Store } from '../../lib/store/store.ts';
import { dayBefore, fetchWindow, findDays } from '../run/partitions.ts';
import type { MonitorSettings } from './environment.ts';

const DAY_MS = 86_400_000;
const LEVELS: Readonly<Record<Level, number>> = { ok: 0, watch: 1, act: 2 };

export interface MonitorTools {
  readonly store: Store;
  readonly log: Logger;
  readonly count: CountMonitoring;
  /** `null` to tell nobody: what is new is kept for a run with a bus. */
  readonly bus: EventBus | null;
  readonly signal: AbortSignal;
}

/**
 * Runs monitoring of a model once, by the declaration of its current version, and reports what no event has reported.
 * @throws {VersionNotFoundError} where no version is current.
 * @throws {DataError} as `monitor`.
 * @throws {Error} where the events could not be sent: the page is written, and the next run sends them.
 */
export async function runMonitoring(settings: MonitorSettings, tools: MonitorTools): Promise<Monitored> {
  const { store, log, count, bus } = tools;
  const { modelName } = settings;
  const started = performance.now();
  const current = await currentVersion(store, modelName);
  if (current === null)
    throw new VersionNotFoundError(`model ${modelName} has no current version (in ${store.url}): train one`);
  const declaration = await publishedDeclaration(store, { name: modelName, version: current.version });
  const scratch = await mkdtemp(join(settings.scratch, 'entirespace-monitor-'));
  try {
    const now = await store.now();
    const monitored = await monitor({
      store,
      declaration,
      dataPath: await fetchLog(settings, tools, { declaration, now, scratch }),
      scratch,
      threads: settings.threads,
      memoryLimitMiB: settings.memoryMiB,
      now,
      usdPerSecond: settings.usdPerSecond,
      onDay: (day, done, total) => log.info('day joined', { day, done, total }),
      signal: tools.signal,
    });
    const { verdict, notes } = monitored;
    const seconds = (performance.now() - started) / 1000;
    log.info('monitored', { verdict: verdict.level, reason: verdict.reason, notes, seconds });
    // The lines' own level is that of the logger.
    for (const { level, text, advice } of monitored.news) log.info(`monitor.${level}`, { text, advice });
    const findings = verdict.findings.length;
    count({ MonitoringLevel: LEVELS[verdict.level], MonitoringFindings: findings, MonitoringSeconds: seconds });
    const { told, unsent } = bus === null ? { told: 0, unsent: [] } : await tellNews(store, modelName, bus);
    count({ MonitoringNews: told });
    const [left] = tellRefused(log, unsent);
    if (left !== undefined) throw new Error(`findings not told: ${left.why}`);
    return monitored;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Fetches the log of the days that labels still change; returns its folder, or `null` where there is none yet. */
async function fetchLog(
  settings: MonitorSettings,
  { store, log, signal }: MonitorTools,
  place: { readonly declaration: Declaration; readonly now: Date; readonly scratch: string },
): Promise<string | null> {
  const days = settings.windowDays ?? neededDays(place.declaration);
  const until = settings.partitionsUntil ?? dayBefore(place.now);
  const window = await findDays(store, { prefix: settings.dataPrefix, days, until });
  const { objects, bytes, from, missingDays } = window;
  log.info('log of the days', { from, until, files: objects.length, bytes, missingDays });
  if (objects.length === 0) return null;
  const folder = join(place.scratch, 'data');
  await fetchWindow(store, window, folder, { signal });
  return folder;
}

/** Days whose labels are not final, and those before whose scores count for them. */
function neededDays({ stages, monitoring }: Declaration): number {
  const longest = Math.max(0, ...stages.map(({ withinMs }) => withinMs ?? 0));
  return Math.ceil((longest + monitoring.matchesWithinMs) / DAY_MS) + 1;
}
