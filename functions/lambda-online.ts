/**
 * The Lambda function that scores single requests: its entry, which AWS calls for each request to the function's URL.
 * Only callers that IAM allows reach it.
 */
import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import { readEnvironment, text } from '../lib/config/environment.ts';
import { OnlineScorer } from '../lib/online/online-scorer.ts';
import { OnlineService, problem, type ServiceResponse } from '../lib/online/service.ts';
import { openTelemetry } from '../lib/scoring/handlers/telemetry.ts';
import { openStore } from '../lib/store/open-store.ts';
import { enableShutdownSignal } from './shutdown-signal.ts';

/** Milliseconds from one look for a newer version to the next. A function that is frozen between requests has no timer. */
const LOOK_MS = 5_000;
/** Most bytes of a response: 6 MB, of which the rest of the response takes some. */
const RESPONSE_BYTES = 6_000_000;

// The last requests of an environment are counted when it is removed.
enableShutdownSignal(process.env.AWS_LAMBDA_RUNTIME_API);
process.once('SIGTERM', async () => {
  await opened?.then(({ scorer }) => scorer.writeStatistics({ ifDue: false })).catch(() => undefined);
  process.exit(0);
});

// Made by the first invocation, and used by all that follow in the same environment.
let opened: ReturnType<typeof open> | undefined;

/** Responds to a request, as the server of HTTP does. */
export async function handler(event: LambdaFunctionURLEvent): Promise<LambdaFunctionURLResult> {
  opened ??= open();
  const { service, look, scorer } = await opened.catch((error: unknown) => {
    // The next request tries again.
    opened = undefined;
    throw error;
  });
  // Not awaited: the function may be frozen meanwhile, and goes on with it at the next request.
  void scorer.writeStatistics({ ifDue: true });
  await look();
  const { body = '', isBase64Encoded, headers, rawPath, requestContext } = event;
  const response = await service.respond({
    method: requestContext.http.method,
    path: rawPath,
    // A compressed body, or one that does not say that it is text, comes in Base64.
    body: isBase64Encoded ? Buffer.from(body, 'base64') : body,
    encoding: headers['content-encoding'],
  });
  return resultOf(response);
}

/** Returns a response in the form of a function's URL. AWS would replace one that is too long by an error without words. */
function resultOf(response: ServiceResponse): LambdaFunctionURLResult {
  const bytes = Buffer.byteLength(response.body);
  if (bytes > RESPONSE_BYTES)
    return resultOf(problem(413, `response has ${bytes} bytes, expected at most ${RESPONSE_BYTES}: send fewer rows`));
  const { status, contentType, body } = response;
  return { statusCode: status, headers: { 'content-type': contentType }, body };
}

async function open() {
  const { BUCKET, MODEL_NAME, TABLE_MEMORY_MIB } = readEnvironment({
    BUCKET: text,
    MODEL_NAME: text,
    TABLE_MEMORY_MIB: text,
  });
  const { log } = openTelemetry();
  const scorer = await OnlineScorer.open(openStore(BUCKET), MODEL_NAME, {
    refreshSeconds: null,
    onStatisticsError: (error) => log.error('statistics of requests cannot be written', { error }),
    memoryLimitMiB: Number(TABLE_MEMORY_MIB),
    tableMemoryMiB: Number(TABLE_MEMORY_MIB),
  });
  const service = new OnlineService(scorer);
  let looked = Date.now();
  /** Looks for a newer version now and then; where that fails, the one that is open stays. */
  async function look(): Promise<void> {
    if (Date.now() - looked < LOOK_MS) return;
    looked = Date.now();
    try {
      await scorer.refresh();
    } catch (error) {
      service.metrics.refreshFailed();
      log.error('newer version cannot be opened', { error });
    }
  }
  return { scorer, service, look };
}
