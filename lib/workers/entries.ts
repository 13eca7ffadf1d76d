/**
 * The modules that run in worker threads or processes, by the name of the file that each is bundled to, without its ending,
 * and with the path of its source. A worker runs the bundle even where the rest of the program runs from its source,
 * because a thread that had to compile TypeScript would take a second to start.
 */
export const WORKERS = {
  'compare-worker': 'lib/compare/runs/compare-worker.ts',
  'encode-worker': 'lib/bundle/encode-worker.ts',
  'scoring-worker': 'lib/engine/scoring/scoring-worker.ts',
  'training-worker': 'lib/engine/ort/training-worker.ts',
} as const satisfies Readonly<Record<string, string>>;

/** Name of a module of `WORKERS`. */
export type WorkerName = keyof typeof WORKERS;

/** Returns where the bundle of a worker module is: beside the bundle that calls this, or in `dist/` for its source. */
export function workerUrl(name: WorkerName): URL {
  const folder = import.meta.url.endsWith('.ts') ? '../../dist/' : './';
  return new URL(`${folder}${name}.js`, import.meta.url);
}
