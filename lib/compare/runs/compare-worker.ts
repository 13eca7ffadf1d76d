/** The module of a worker thread that trains models of a comparison, one at a time. */
import { serveRequests } from '../../workers/serve-requests.ts';
import type { TrainRequest } from './bench.ts';
import type { RunScores } from './run.ts';
import { type StoredLog, trainRun, trainStageRun } from './train-run.ts';

/** The first request is the log; those that follow are runs, and `stop` ends the run under way after its step. */
export type WorkerRequest =
  | { readonly kind: 'open'; readonly log: StoredLog }
  | { readonly kind: 'model'; readonly request: TrainRequest }
  | {
      readonly kind: 'stage';
      readonly request: Omit<TrainRequest, 'source'>;
      readonly stage: string;
      readonly output: string;
    }
  | { readonly kind: 'stop' };

let log: StoredLog | null = null;
const stopping = new AbortController();

serveRequests<WorkerRequest, RunScores | null>(async (message) => {
  if (message.kind === 'open') {
    log = message.log;
    return { response: null };
  }
  if (message.kind === 'stop') {
    stopping.abort();
    return { response: null };
  }
  if (log === null) throw new Error('a run came before its log');
  const { signal } = stopping;
  const response =
    message.kind === 'model'
      ? await trainRun(log, message.request, signal)
      : await trainStageRun(log, message.request, { ...message, signal });
  const arrays = [...Object.values(response.validation), ...Object.values(response.test)];
  return { response, transfer: arrays.map(({ buffer }) => buffer as ArrayBuffer) };
});
