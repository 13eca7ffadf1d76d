/** What S3's refusals mean. */

/** The HTTP status of an error of the AWS SDK; `undefined` where no response came. */
export function statusOf(error: unknown): number | undefined {
  return isSdkError(error) ? error.$metadata?.httpStatusCode : undefined;
}

/** Whether S3 says that it has no such object, or no such version of it. */
export function isMissing(error: unknown): boolean {
  if (!isSdkError(error) || error.name === 'NoSuchBucket' || error.name === 'NoSuchUpload') return false;
  // 405 is returned for a version that is a delete marker; an id that S3 never gave is an invalid argument.
  return [404, 405].includes(statusOf(error) ?? 0) || error.ArgumentName === 'versionId' || isInvalidVersionId(error);
}

/** Whether the condition of a write does not hold. */
export function isPreconditionFailed(error: unknown): boolean {
  return statusOf(error) === 412;
}

/**
 * Whether a write must be made again from its start: S3 could not decide between two at once (HTTP 409), or the
 * multipart upload is gone, perhaps because an attempt whose response was lost has completed it.
 */
export function isUndecided(error: unknown): boolean {
  return statusOf(error) === 409 || (isSdkError(error) && error.name === 'NoSuchUpload');
}

/** Whether a byte range begins behind the object's end. */
export function isBehindEnd(error: unknown): boolean {
  return statusOf(error) === 416;
}

/** The error with what was being done to which object. */
export function describeError(error: unknown, operation: string, url: string): Error {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const code = name === 'Error' || message === name ? '' : `${name}: `;
  return new Error(`cannot ${operation} ${url}: ${code}${message}${hintOf(error, operation)}`, { cause: error });
}

function hintOf(error: unknown, operation: string): string {
  const reads = ['get', 'head', 'copy'].includes(operation);
  return statusOf(error) === 403 && reads
    ? ' (S3 says so of an object that does not exist too, unless s3:ListBucket is granted)'
    : '';
}

interface SdkError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly ArgumentName?: string;
}

function isSdkError(error: unknown): error is SdkError {
  return error instanceof Error && '$metadata' in error;
}

function isInvalidVersionId({ name, message }: Error): boolean {
  return name === 'InvalidArgument' && /version id/i.test(message);
}
