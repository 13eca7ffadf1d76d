/** Requests and responses in JSON, whatever carries them: a server of HTTP, or a function. */
import { DataError } from '../table/errors.ts';
import { Metrics } from './metrics.ts';
import { type OnlineScorer, RequestError } from './online-scorer.ts';
import { parsedRequest, rankRequest, scoreRequest } from './requests.ts';

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

/** The paths, and the method of each. */
const METHODS: Readonly<Record<string, 'GET' | 'POST'>> = {
  '/score': 'POST',
  '/rank': 'POST',
  '/health': 'GET',
  '/metrics': 'GET',
};

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
        return this.#score(body);
      case '/rank':
        return this.#rank(body);
      case '/health':
        return json(200, { status: 'ok', model: this.#scorer.model, version: this.#scorer.version });
      default: {
        const { model, version } = this.#scorer;
        const text = this.metrics.text({ model, version, inFlight: this.#inFlight() });
        return { status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: text };
      }
    }
  }

  async #score(body: string): Promise<ServiceResponse> {
    const { rows, shared } = parsedRequest(scoreRequest, body);
    const scored = await this.#scorer.score(rows, { shared });
    this.metrics.rows(rows.length - scored.rejects.length, scored.rejects.length);
    return json(200, scored);
  }

  async #rank(body: string): Promise<ServiceResponse> {
    const { rows, shared, by, top } = parsedRequest(rankRequest, body);
    const choice = { ...(by !== undefined && { by }), ...(top !== undefined && { top }) };
    const ranked = await this.#scorer.rank(rows, { shared, ...choice });
    this.metrics.rows(ranked.scored, ranked.rejects.length);
    return json(200, ranked);
  }
}

/** Returns a response that says in one line what is wrong. */
export function problem(status: number, error: string): ServiceResponse {
  return json(status, { error });
}

function json(status: number, value: unknown): ServiceResponse {
  return { status, contentType: 'application/json', body: JSON.stringify(value) };
}

function failure(error: unknown): ServiceResponse {
  const message = error instanceof Error ? error.message : String(error);
  return problem(error instanceof RequestError || error instanceof DataError ? 400 : 500, message);
}
