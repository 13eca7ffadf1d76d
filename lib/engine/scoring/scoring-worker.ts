/** The module of a worker thread that scores chunks in the order in which they arrive. */
import { digestFile, type FileDigest } from '../../workers/file-digest.ts';
import { serveRequests } from '../../workers/serve-requests.ts';
import { turns } from '../../workers/turns.ts';
import { type PackedChunk, unpackChunk } from './packed-chunk.ts';
import { type OpenScorer, openScorer, type ProgramThreads, readProgram, type ScoringProgram } from './program.ts';
import type { Results } from './scorer.ts';

/** The digest of a file, the program of a model's folder, a model to open, and then chunks for it. */
export type ScoringRequest =
  | { readonly file: string }
  | { readonly folder: string; readonly many: ProgramThreads }
  | { readonly program: ScoringProgram; readonly threads: number; readonly thread: number }
  | { readonly chunk: PackedChunk };

/** What was asked for. */
export interface ScoringResponse {
  readonly digest?: FileDigest;
  readonly program?: ScoringProgram;
  /** The outputs of a chunk. */
  readonly results?: Results;
}

let opened: Promise<{ readonly scorer: OpenScorer; readonly program: ScoringProgram }> | undefined;
/** A scorer scores one chunk at a time. */
const inTurn = turns();

serveRequests<ScoringRequest, ScoringResponse>(async (request) => {
  if ('file' in request) return { response: { digest: await digestFile(request.file) } };
  if ('folder' in request) return { response: { program: await readProgram(request.folder, request.many) } };
  if ('program' in request) {
    const { program } = request;
    opened = openScorer(program, request).then((scorer) => ({ scorer, program }));
    // Rows take a while to come. Where a graph cannot be opened, they fail.
    await (await opened).scorer.openGraphs().catch(() => undefined);
    return { response: {} };
  }
  const results = await inTurn(() => predict(request.chunk));
  return { response: { results }, transfer: Object.values(results).map(({ buffer }) => buffer as ArrayBuffer) };
});

async function predict(chunk: PackedChunk): Promise<Results> {
  if (opened === undefined) throw new Error('rows came before their model');
  const { scorer, program } = await opened;
  return scorer.predict(unpackChunk(chunk, program.inputs));
}
