import { describe, expect, it } from 'vitest';
import { arrivalBody, parseArrivals, sequencerAt } from '../../../lib/scoring/protocol/events.ts';
import { compareVersions, fileVersion } from '../../../lib/scoring/protocol/keys.ts';

/** As S3 sends it, from the documentation of its message structure. */
const RECORD = {
  eventVersion: '2.1',
  eventSource: 'aws:s3',
  awsRegion: 'us-west-2',
  eventTime: '1970-01-01T00:00:00.000Z',
  eventName: 'ObjectCreated:Put',
  userIdentity: { principalId: 'AIDAJDPLRKLG7UEXAMPLE' },
  requestParameters: { sourceIPAddress: '127.0.0.1' },
  responseElements: { 'x-amz-request-id': 'C3D13FE58DE4C810' },
  s3: {
    s3SchemaVersion: '1.0',
    configurationId: 'testConfigRule',
    bucket: { name: 'mybucket', ownerIdentity: { principalId: 'A3NL1KOZZKExample' }, arn: 'arn:aws:s3:::mybucket' },
    object: {
      key: 'candidates/HappyFace.parquet',
      size: 1024,
      eTag: 'd41d8cd98f00b204e9800998ecf8427e',
      versionId: '096fKKXTRTtl3on89fVO.nfljtsv6qko',
      sequencer: '0055AED6DCD90281E5',
    },
  },
};

describe('an s3 notification', () => {
  it('is parsed into the key and version of a created object', () => {
    expect(parseArrivals(bodyOf())).toEqual([
      {
        bucket: 'mybucket',
        key: 'candidates/HappyFace.parquet',
        versionId: '096fKKXTRTtl3on89fVO.nfljtsv6qko',
        sequencer: '0055AED6DCD90281E5',
        eventTime: '1970-01-01T00:00:00.000Z',
        attempt: 1,
      },
    ]);
  });

  it.each([
    ['candidates/a+b.csv', 'candidates/a b.csv'],
    ['candidates/a%2Bb.csv', 'candidates/a+b.csv'],
    ['candidates/day%3D1/%C3%A9%25.csv', 'candidates/day=1/é%.csv'],
  ])('has its key URL-encoded: %s', (encoded, key) => {
    expect(parseArrivals(bodyOf({ key: encoded }))[0]?.key).toBe(key);
  });

  it('may have several records, of any version of the format', () => {
    const body = JSON.stringify({ Records: [RECORD, { ...RECORD, eventVersion: '9.9' }] });
    expect(parseArrivals(body)).toHaveLength(2);
  });

  it('is accepted for multipart uploads and copies', () => {
    for (const eventName of ['ObjectCreated:CompleteMultipartUpload', 's3:ObjectCreated:Copy'])
      expect(parseArrivals(JSON.stringify({ Records: [{ ...RECORD, eventName }] }))).toHaveLength(1);
  });

  it('is ignored if it is a test event or not of a creation', () => {
    expect(parseArrivals('{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"mybucket"}')).toEqual([]);
    expect(parseArrivals(JSON.stringify({ Records: [{ ...RECORD, eventName: 'ObjectRemoved:Delete' }] }))).toEqual([]);
  });

  it.each([undefined, '', 'null'])('is refused where the bucket keeps no versions: %s', (versionId) => {
    expect(() => parseArrivals(bodyOf({ versionId }))).toThrow(
      'event of candidates/HappyFace.parquet has no versionId: enable versioning (on bucket mybucket)',
    );
  });

  it.each([
    ['not JSON', '{', 's3 notification is not JSON'],
    ['without records', '{}', 's3 notification is not as expected: Records missing'],
    [
      'without key and sequencer',
      bodyOf({ key: undefined, sequencer: 'x' }),
      's3 notification is not as expected: Records.0.s3.object.key: missing, expected string; Records.0.s3.object.sequencer: invalid string: must match pattern /^[0-9a-fA-F]+$/',
    ],
    ['with a broken key', bodyOf({ key: '%E9' }), 'event has a key that is not URL-encoded, got %E9'],
  ])('is refused %s', (_, body, message) => {
    expect(() => parseArrivals(body)).toThrow(message);
  });
});

describe('an arrival body', () => {
  it.each(['candidates/a b+c%/é.csv', 'candidates/day=1/x&y.parquet'])('is what is parsed again: %s', (key) => {
    const arrival = { bucket: 'b', key, versionId: 'v', sequencer: '00AB', eventTime: '2026-01-01T00:00:00.000Z' };
    for (const attempt of [1, 2])
      expect(parseArrivals(arrivalBody({ ...arrival, attempt }))).toEqual([{ ...arrival, attempt }]);
  });
});

describe('a sequencer of our own', () => {
  it('has the form of those of S3: seconds since 1970 and their fraction', () => {
    expect(sequencerAt(new Date(0x55aed6dc * 1000 + 500))).toBe('0055AED6DC80000000');
  });

  it('orders files against events of the same bucket', () => {
    const [event] = parseArrivals(bodyOf());
    if (event === undefined) throw new Error('no event');
    const at = (milliseconds: number) =>
      fileVersion({ ...event, sequencer: sequencerAt(new Date(0x55aed6dc * 1000 + milliseconds)) });
    expect(compareVersions(at(0), fileVersion(event))).toBeLessThan(0);
    expect(compareVersions(at(1000), fileVersion(event))).toBeGreaterThan(0);
  });
});

function bodyOf(object: Partial<Record<'key' | 'versionId' | 'sequencer', string | undefined>> = {}): string {
  return JSON.stringify({ Records: [{ ...RECORD, s3: { ...RECORD.s3, object: { ...RECORD.s3.object, ...object } } }] });
}
