/** The module of a worker thread that scores chunks in the order in which they arrive. */
import { serveRequests } from '../../workers/serve-requests.ts';
import { turns } from '../../workers/turns.ts';
import { type PackedChunk, unpackChunk } from './packed-chunk.ts';
import { openScorer, type ScoringProgram } from './program.ts';
import type { Results, Scorer } from './scorer.ts';

/** The first request is the model; those that follow are chunks. */
export type ScoringRequest =
  | { readonly program: ScoringProgram; readonly threads: number; readonly thread: number }
  | { readonly chunk: PackedChunk };

/** The outputs of a chunk; those of the model are empty. */
export type ScoringResponse = Results;

let opened: Promise<{ readonly scorer: Scorer; readonly program: ScoringProgram }> | undefined;
/** A scorer scores one chunk at a time. */
const inTurn = turns();

serveRequests<ScoringRequest, ScoringResponse>(async (request) => {
  if ('program' in request) {
    const { program } = request;
    opened = openScorer(program, request).then((scorer) => ({ scorer, program }));
    await opened;
    return { response: {} };
  }
  const response = await inTurn(() => predict(request.chunk));
  return { response, transfer: Object.values(response).map(({ buffer }) => buffer as ArrayBuffer) };
});

async function predict(chunk: PackedChunk): Promise<ScoringResponse> {
  if (opened === undefined) throw new Error('rows came before their model');
  const { scorer, program } = await opened;
  return scorer.predict(unpackChunk(chunk, program.inputs));
}
