/** The module of a worker thread that trains models of a comparison, one at a time. */
import type { MessagePort } from 'node:worker_threads';
import { serveRequests } from '../../workers/serve-requests.ts';
import type { TrainRequest } from './bench.ts';
import type { RunProgress, RunScores } from './run.ts';
import { runBytes, type StageRun, type StoredLog, trainRun, trainStageRun } from './train-run.ts';

/** A model to train, or the network of a stage. */
export type RunRequest =
  | { readonly kind: 'model'; readonly request: TrainRequest }
  | { readonly kind: 'stage'; readonly request: Omit<TrainRequest, 'source'>; readonly run: StageRun };

/**
 * The first request is the log, with the port that the progress of runs goes to; those that follow are runs, before each
 * the question how much memory it takes, and `stop` ends the run under way after its step.
 */
export type WorkerRequest =
  | { readonly kind: 'open'; readonly log: StoredLog; readonly progress: MessagePort }
  | { readonly kind: 'bytes'; readonly of: RunRequest }
  | RunRequest
  | { readonly kind: 'stop' };

/** The scores of a run, or the bytes of memory that it takes. */
export type WorkerResponse = RunScores | number | null;

/** Milliseconds between two messages of how far a run is. */
const PROGRESS_INTERVAL = 200;

let opened: { readonly log: StoredLog; readonly progress: MessagePort } | null = null;
let toldAt = Number.NEGATIVE_INFINITY;
const stopping = new AbortController();

function onProgress(progress: RunProgress): void {
  if (performance.now() - toldAt < PROGRESS_INTERVAL) return;
  toldAt = performance.now();
  opened?.progress.postMessage(progress);
}

serveRequests<WorkerRequest, WorkerResponse>(async (message) => {
  if (message.kind === 'open') {
    opened = message;
    return { response: null };
  }
  if (message.kind === 'stop') {
    stopping.abort();
    return { response: null };
  }
  if (opened === null) throw new Error('a run came before its log');
  const { log } = opened;
  if (message.kind === 'bytes') return { response: await bytesOf(log, message.of) };
  const options = { signal: stopping.signal, onProgress };
  const response =
    message.kind === 'model'
      ? await trainRun(log, message.request, options)
      : await trainStageRun(log, message.request, { ...message.run, ...options });
  const arrays = [...Object.values(response.validation), ...Object.values(response.test)];
  return { response, transfer: arrays.map(({ buffer }) => buffer as ArrayBuffer) };
});

function bytesOf(log: StoredLog, of: RunRequest): Promise<number> {
  return of.kind === 'model'
    ? runBytes(log, of.request, null)
    : runBytes(log, { ...of.request, source: null }, of.run.stage);
}
