/** Requests and responses in JSON, whatever carries them: a server of HTTP, or a function. */
import { DataError } from '../table/errors.ts';
import { BODY_BYTES, BodyError, bodyText } from './body.ts';
import { Metrics } from './metrics.ts';
import { type OnlineScorer, RequestError } from './online-scorer.ts';
import { parsedRequest, rankRequest, scoreRequest } from './requests.ts';

/** A request: its body is JSON, as text or as bytes in UTF-8, which may be compressed. */
export interface ServiceRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string | Uint8Array;
  /** The request's `content-encoding`. @default not compressed */
  readonly encoding?: string | undefined;
  /** When it arrived, by `performance.now()`. @default now */
  readonly arrived?: number;
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

/** Whether requests of a path take time and memory, which a server limits. */
export function isScoring(path: string): boolean {
  return METHODS[path] === 'POST';
}

/** Answers requests with a scorer, and counts them. */
export class OnlineService {
  readonly metrics = new Metrics();
  readonly #scorer: OnlineScorer;
  readonly #inFlight: () => number;
  readonly #bodyBytes: number;

  constructor(
    scorer: OnlineScorer,
    {
      inFlight = () => 0,
      bodyBytes = BODY_BYTES,
    }: { readonly inFlight?: () => number; readonly bodyBytes?: number } = {},
  ) {
    this.#scorer = scorer;
    this.#inFlight = inFlight;
    this.#bodyBytes = bodyBytes;
  }

  /** Returns the response of a request. Whatever is wrong with it is told in the response. */
  async respond(request: ServiceRequest): Promise<ServiceResponse> {
    const { arrived = performance.now() } = request;
    const response = await this.#respond(request).catch(failure);
    const path = Object.hasOwn(METHODS, request.path) ? request.path : 'other';
    this.metrics.answered({ path, status: response.status, seconds: (performance.now() - arrived) / 1000 });
    return response;
  }

  async #respond({ method, path, ...request }: ServiceRequest): Promise<ServiceResponse> {
    const expected = Object.hasOwn(METHODS, path) ? METHODS[path] : undefined;
    if (expected === undefined)
      return problem(404, `no path ${path}, expected one of ${Object.keys(METHODS).join(', ')}`);
    if (method !== expected) return problem(405, `${path} got ${method}, expected ${expected}`);
    switch (path) {
      case '/score':
        return this.#score(await this.#text(request));
      case '/rank':
        return this.#rank(await this.#text(request));
      case '/health':
        return json(200, { status: 'ok', model: this.#scorer.model, version: this.#scorer.version });
      default: {
        const { model, version } = this.#scorer;
        const text = this.metrics.text({ model, version, inFlight: this.#inFlight() });
        return { status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: text };
      }
    }
  }

  #text({ body, encoding }: Pick<ServiceRequest, 'body' | 'encoding'>): string | Promise<string> {
    return typeof body === 'string' ? body : bodyText({ bytes: body, encoding }, this.#bodyBytes);
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
  if (error instanceof BodyError) return problem(error.status, error.message);
  const message = error instanceof Error ? error.message : String(error);
  return problem(error instanceof RequestError || error instanceof DataError ? 400 : 500, message);
}
