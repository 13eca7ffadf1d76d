/** How every AWS client of the product reaches its service. */
import { patientRetries } from './patient-retries.ts';

export interface AwsConnection {
  /**
   * @default what the environment (`AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`) or the AWS profile says, or AWS itself
   */
  readonly endpoint?: string | undefined;
  /** @default what the environment or the AWS profile says */
  readonly region?: string;
  /** Time without a byte, in milliseconds, after which a request counts as failed. @default 30,000 */
  readonly idleMs?: number;
  /** Attempts at each request before it fails, the first included. @default 5 */
  readonly maxAttempts?: number;
  /** Time, in milliseconds, for which a request is repeated before it fails, however many attempts that takes. */
  readonly patienceMs?: number;
}

export type AwsService = 'S3' | 'SQS' | 'SFN' | 'EVENTBRIDGE';

type Variables = Readonly<Record<string, string | undefined>>;

const CONNECT_MS = 5_000;
// Above the 20 s that SQS may wait for a message.
const IDLE_MS = 30_000;
const MAX_ATTEMPTS = 5;

/** The members of a client's configuration that do not depend on the service, but for its endpoint's variable. */
export function awsSettings(service: AwsService, connection: AwsConnection = {}, variables: Variables = process.env) {
  const { endpoint, region, idleMs = IDLE_MS, maxAttempts = MAX_ATTEMPTS, patienceMs } = connection;
  return {
    ...localDefaults(endpointOf(service, connection, variables), variables),
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    maxAttempts,
    retryMode: 'standard',
    ...(patienceMs !== undefined && { retryStrategy: patientRetries(patienceMs) }),
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: idleMs },
  } as const;
}

/** The endpoint that the connection or the environment names; `null` for AWS itself, or what a profile says. */
export function endpointOf(
  service: AwsService,
  { endpoint }: AwsConnection,
  variables: Variables = process.env,
): string | null {
  return endpoint || variables[`AWS_ENDPOINT_URL_${service}`] || variables.AWS_ENDPOINT_URL || null;
}

/**
 * Region and credentials for an emulator, which accepts any. Without them, a client would fail for lack of settings
 * that only AWS needs, or sign its requests with a person's real key. Those that the environment sets are used instead.
 */
function localDefaults(endpoint: string | null, variables: Variables) {
  if (endpoint === null || !isLoopback(endpoint) || variables.AWS_PROFILE) return {};
  return {
    ...(!variables.AWS_REGION && { region: variables.AWS_DEFAULT_REGION || 'us-east-1' }),
    ...(!variables.AWS_ACCESS_KEY_ID && { credentials: { accessKeyId: 'test', secretAccessKey: 'test' } }),
  };
}

function isLoopback(endpoint: string): boolean {
  const host = URL.canParse(endpoint) ? new URL(endpoint).hostname : '';
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
