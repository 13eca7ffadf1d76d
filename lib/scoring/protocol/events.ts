import * as z from 'zod';
import { MessageError } from '../errors.ts';
import type { Arrival } from './keys.ts';
import { parseBody } from './messages.ts';

// Only what is used is asked for: AWS adds members and raises `eventVersion` as it likes.
const notification = z.object({
  /** Only in S3's greeting, which has no records. */
  Event: z.string().optional(),
  Records: z
    .array(
      z.object({
        eventName: z.string(),
        eventTime: z.string().default(''),
        /** Our own member: 2 or higher asks for the same version to be scored again. */
        attempt: z.number().int().positive().default(1),
        s3: z.object({
          bucket: z.object({ name: z.string().min(1) }),
          object: z.object({
            key: z.string().min(1),
            versionId: z.string().optional(),
            sequencer: z.string().regex(/^[0-9a-fA-F]+$/),
          }),
        }),
      }),
    )
    .optional(),
});

type EventRecord = NonNullable<z.infer<typeof notification>['Records']>[number];

/**
 * The files that S3 names in the body of one message: none for its test event and for anything but a creation.
 * @throws {MessageError} where the body is no S3 notification, or the bucket keeps no versions.
 */
export function parseArrivals(body: string): Arrival[] {
  const { Event, Records } = parseBody(body, notification, 's3 notification');
  if (Event === 's3:TestEvent') return [];
  if (Records === undefined) throw new MessageError('s3 notification is not as expected: Records missing');
  return Records.filter(({ eventName }) => /^(s3:)?ObjectCreated:/.test(eventName)).map(arrivalFromRecord);
}

/** The body of a message for one file, as S3 writes it. */
export function arrivalBody({ bucket, key, versionId, sequencer, eventTime, attempt }: Arrival): string {
  const s3 = { bucket: { name: bucket }, object: { key: encodeKey(key), versionId, sequencer } };
  const record = { eventVersion: '2.1', eventSource: 'aws:s3', eventName: 'ObjectCreated:Put', eventTime, s3 };
  return JSON.stringify({ Records: [attempt === 1 ? record : { ...record, attempt }] });
}

/**
 * A sequencer for a file of which no event came. It has the form of S3's own (`00`, eight digits of the seconds since
 * 1970, eight of their fraction), so that the two kinds can meet in one bucket.
 */
export function sequencerAt(time: Date): string {
  const seconds = Math.floor(time.getTime() / 1000);
  const fraction = Math.floor(((time.getTime() % 1000) / 1000) * 2 ** 32);
  return `00${hexadecimal(seconds)}${hexadecimal(fraction)}`;
}

function arrivalFromRecord({ eventTime, attempt, s3 }: EventRecord): Arrival {
  const { versionId, sequencer } = s3.object;
  const key = decodeKey(s3.object.key);
  const bucket = s3.bucket.name;
  // "null" is S3's name for objects written while versioning was off.
  if (versionId === undefined || versionId === '' || versionId === 'null')
    throw new MessageError(`event of ${key} has no versionId: enable versioning (on bucket ${bucket})`);
  return { bucket, key, versionId, sequencer, eventTime, attempt };
}

// Keys arrive as HTML forms are encoded: a space is a plus sign.
function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch (cause) {
    throw new MessageError(`event has a key that is not URL-encoded, got ${key}`, { cause });
  }
}

function encodeKey(key: string): string {
  return encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+');
}

function hexadecimal(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, '0');
}
