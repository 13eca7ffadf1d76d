import { HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3';

/**
 * The time by S3's own clock: the `Date` header of a response, in whole seconds.
 * @throws {Error} where the response has none.
 */
export async function bucketTime(client: S3Client, bucket: string): Promise<Date> {
  const command = new HeadBucketCommand({ Bucket: bucket });
  let header: string | undefined;
  command.middlewareStack.add(
    (next) => async (request) => {
      const result = await next(request);
      header = (result.response as { readonly headers?: Readonly<Record<string, string>> }).headers?.date;
      return result;
    },
    { step: 'deserialize', name: 'readDate', priority: 'low' },
  );
  await client.send(command);
  const time = new Date(header ?? '');
  if (Number.isNaN(time.getTime())) throw new Error(`s3://${bucket} answered with the date ${header}, expected a time`);
  return time;
}
