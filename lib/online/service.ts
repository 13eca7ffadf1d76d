/** Requests and responses in JSON, whatever carries them: a server of HTTP, or a function. */
import * as z from 'zod';
import { SCORE_COLUMN } from '../table/candidates/row-scores.ts';
import { DataError } from '../table/errors.ts';
import type { ObjectRow } from '../table/objects/encoding-pass.ts';
import { Metrics } from './metrics.ts';
import { type OnlineScorer, type OnlineScores, RequestError } from './online-scorer.ts';

/** A request: its body is JSON. */
export interface ServiceRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

export interface ServiceResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

const ROW = 'an object of columns';
const row = z.record(z.string(), z.unknown(), ROW);
const rows = z.array(row, 'a list of objects');
const ALONE = 'rows or candidates, each a list of objects';
const scoreRequest = z
  .strictObject({ rows: rows.optional(), shared: row.optional(), candidates: rows.optional() })
  .refine((request) => (request.rows === undefined) !== (request.candidates === undefined), ALONE);
const rankRequest = z
  .strictObject({
    ...scoreRequest.shape,
    by: z.string('the name of an output, or score').optional(),
    top: z.int('a whole number of at least 1').min(1, 'a whole number of at least 1').optional(),
  })
  .refine((request) => (request.rows === undefined) !== (request.candidates === undefined), ALONE);

type Scoring = z.output<typeof scoreRequest>;

/** The paths, and the method of each. */
const METHODS: Readonly<Record<string, 'GET' | 'POST'>> = {
  '/score': 'POST',
  '/rank': 'POST',
  '/health': 'GET',
  '/metrics': 'GET',
};

/** The output by which rows are ranked unless the request or the declaration has something else. */
const RANKED_BY = 'pctcvr';

/** Answers requests with a scorer, and counts them. */
export class OnlineService {
  readonly metrics = new Metrics();
  readonly #scorer: OnlineScorer;
  readonly #inFlight: () => number;

  constructor(scorer: OnlineScorer, inFlight: () => number = () => 0) {
    this.#scorer = scorer;
    this.#inFlight = inFlight;
  }

  /** Returns the response of a request. Whatever is wrong with it is told in the response. */
  async respond(request: ServiceRequest): Promise<ServiceResponse> {
    const started = performance.now();
    const response = await this.#respond(request).catch(failure);
    const path = METHODS[request.path] === undefined ? 'other' : request.path;
    this.metrics.answered({ path, status: response.status, seconds: (performance.now() - started) / 1000 });
    return response;
  }

  async #respond({ method, path, body }: ServiceRequest): Promise<ServiceResponse> {
    const expected = METHODS[path];
    if (expected === undefined)
      return problem(404, `no path ${path}, expected one of ${Object.keys(METHODS).join(', ')}`);
    if (method !== expected) return problem(405, `${path} got ${method}, expected ${expected}`);
    switch (path) {
      case '/score':
        return json(200, await this.#score(parsed(scoreRequest, body)));
      case '/rank':
        return this.#rank(parsed(rankRequest, body));
      case '/health':
        return json(200, { status: 'ok', model: this.#scorer.model, version: this.#scorer.version });
      default: {
        const { model, version } = this.#scorer;
        const text = this.metrics.text({ model, version, inFlight: this.#inFlight() });
        return { status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: text };
      }
    }
  }

  /** What rows can be ranked by, and what they are ranked by unless the request says so. */
  #ranking(): { readonly known: readonly string[]; readonly byDefault: string } {
    const { declaration, outputs } = this.#scorer;
    const { score, rank } = declaration.scoring;
    const known = score === null ? outputs : [...outputs, SCORE_COLUMN];
    return { known, byDefault: rank?.by ?? (score === null ? RANKED_BY : SCORE_COLUMN) };
  }

  async #score({ rows: own, candidates, shared = {} }: Scoring): Promise<OnlineScores> {
    const all: readonly ObjectRow[] = own ?? candidates ?? [];
    const scored = await this.#scorer.score(all, { shared });
    this.metrics.rows(all.length - scored.rejects.length, scored.rejects.length);
    return scored;
  }

  async #rank({ by: asked, top, ...request }: z.output<typeof rankRequest>): Promise<ServiceResponse> {
    const { known, byDefault } = this.#ranking();
    const by = asked ?? byDefault;
    if (!known.includes(by)) return problem(400, `by got ${by}, expected one of ${known.join(', ')}`);
    const { scores, ...rest } = await this.#score(request);
    const ranked = scores
      .flatMap((score, index) => (score === null ? [] : { row: index, ...score }))
      .sort((a, b) => scoreOf(b, by) - scoreOf(a, by) || a.row - b.row);
    return json(200, { ...rest, ranking: top === undefined ? ranked : ranked.slice(0, top) });
  }
}

/** Returns a response that says in one line what is wrong. */
export function problem(status: number, error: string): ServiceResponse {
  return json(status, { error });
}

function json(status: number, value: unknown): ServiceResponse {
  return { status, contentType: 'application/json', body: JSON.stringify(value) };
}

function scoreOf(row: Readonly<Record<string, number>>, by: string): number {
  return row[by] ?? Number.NEGATIVE_INFINITY;
}

function failure(error: unknown): ServiceResponse {
  const message = error instanceof Error ? error.message : String(error);
  return problem(error instanceof RequestError || error instanceof DataError ? 400 : 500, message);
}

/** Parses a body; the first thing that is wrong with it is told. */
function parsed<Schema extends z.ZodType>(schema: Schema, body: string): z.output<Schema> {
  const result = schema.safeParse(jsonOf(body));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue?.code === 'unrecognized_keys')
    throw new RequestError(
      `request has unknown keys: ${issue.keys.join(', ')}, expected rows, or shared and candidates`,
    );
  const place = issue?.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('') ?? '';
  throw new RequestError(`request${place} is not as expected: ${issue?.message}`);
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new RequestError(`request is not JSON: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
