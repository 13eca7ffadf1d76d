/** How every AWS client of the product reaches its service. */

export interface AwsConnection {
  /** @default what the environment (`AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`) or the AWS profile says, or AWS itself */
  readonly endpoint?: string;
  /** @default what the environment or the AWS profile says */
  readonly region?: string;
  /** Time without a byte, in milliseconds, after which a request counts as failed. @default 30,000 */
  readonly idleMs?: number;
  /** Attempts at each request before it fails, the first included. @default 5 */
  readonly maxAttempts?: number;
}

const CONNECT_MS = 5_000;
// Above the 20 s that SQS may wait for a message.
const IDLE_MS = 30_000;
const MAX_ATTEMPTS = 5;

/** The members of a client's configuration that do not depend on the service. */
export function awsSettings({ endpoint, region, idleMs = IDLE_MS, maxAttempts = MAX_ATTEMPTS }: AwsConnection) {
  return {
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    maxAttempts,
    retryMode: 'standard',
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: idleMs },
  } as const;
}
