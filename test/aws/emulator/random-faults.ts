import { type FalseAnswer, type Fault, type FaultProxy, type SeenRequest, s3Error } from './fault-proxy.ts';
import type { Random } from './random.ts';

interface Kind extends Pick<Fault, 'answer' | 'applied'> {
  readonly name: string;
  /** How often it happens, relative to the other faults. */
  readonly weight: number;
  /** Whether this kind of request can fail in this way. */
  readonly suits: (request: SeenRequest) => boolean;
}

const isSqs = ({ headers }: SeenRequest) => headers['x-amz-target'] !== undefined;
const isS3 = (request: SeenRequest) => !isSqs(request);
const isConditional = ({ headers }: SeenRequest) => (headers['if-none-match'] ?? headers['if-match']) !== undefined;

// Each silence takes as long as the client waits.
const KINDS: readonly Kind[] = [
  { name: 'S3 500', weight: 4, suits: isS3, answer: s3Error(500, 'InternalError') },
  { name: 'S3 503', weight: 4, suits: isS3, answer: s3Error(503, 'SlowDown') },
  { name: 'S3 409', weight: 8, suits: isConditional, answer: s3Error(409, 'ConditionalRequestConflict') },
  { name: 'S3 half a body', weight: 4, suits: (it) => isS3(it) && it.method === 'GET', answer: 'half' },
  { name: 'SQS 500', weight: 4, suits: isSqs, answer: sqsError(500, 'InternalError') },
  { name: 'SQS 503', weight: 4, suits: isSqs, answer: sqsError(503, 'ServiceUnavailable') },
  { name: 'broken connection', weight: 4, suits: () => true, answer: 'close' },
  { name: 'applied, broken connection', weight: 4, suits: () => true, answer: 'close', applied: true },
  { name: 'no answer', weight: 1, suits: () => true, answer: 'silence' },
  { name: 'applied, no answer', weight: 1, suits: () => true, answer: 'silence', applied: true },
];

/** Makes that share of all requests fail, and returns the counts by kind of fault, which go on growing. */
export function injectRandomFaults(proxy: FaultProxy, share: number, chance: Random): ReadonlyMap<string, number> {
  const counts = new Map(KINDS.map(({ name }) => [name, 0]));
  const drawn = new WeakMap<SeenRequest, Kind | null>();
  const kindOf = (request: SeenRequest) => {
    const known = drawn.get(request);
    if (known !== undefined) return known;
    const kind = chance.next() < share ? draw(request, chance) : null;
    drawn.set(request, kind);
    if (kind !== null) counts.set(kind.name, (counts.get(kind.name) ?? 0) + 1);
    return kind;
  };
  for (const kind of KINDS) {
    const { answer, applied = false } = kind;
    proxy.inject({ answer, applied, times: Number.POSITIVE_INFINITY, when: (request) => kindOf(request) === kind });
  }
  return counts;
}

function draw(request: SeenRequest, chance: Random): Kind {
  const lots = KINDS.filter(({ suits }) => suits(request)).flatMap((kind) => Array<Kind>(kind.weight).fill(kind));
  return lots[chance.below(lots.length)] as Kind;
}

/** An error as SQS words it. */
function sqsError(status: number, code: string): FalseAnswer {
  const body = JSON.stringify({ __type: `com.amazonaws.sqs#${code}`, message: 'injected' });
  return { status, contentType: 'application/x-amz-json-1.0', body };
}
