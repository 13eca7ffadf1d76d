import { describe, expect, it } from 'vitest';
import { awsSettings, endpointOf } from '../../../lib/store/aws/aws-settings.ts';

const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };

describe('the endpoint', () => {
  const variables = { AWS_ENDPOINT_URL: 'http://all', AWS_ENDPOINT_URL_SQS: 'http://queues' };

  it.each([
    ['is what the connection says', { endpoint: 'http://mine' }, variables, ['http://mine', 'http://mine']],
    ["or the service's variable, or that of all", {}, variables, ['http://all', 'http://queues']],
    ["or AWS's own", {}, { AWS_ENDPOINT_URL: '' }, [null, null]],
  ] as const)('%s', (_what, connection, environment, [ofS3, ofSqs]) => {
    expect(endpointOf('S3', connection, environment)).toBe(ofS3);
    expect(endpointOf('SQS', connection, environment)).toBe(ofSqs);
  });
});

describe('region and credentials', () => {
  const found = (endpoint: string | undefined, variables: Record<string, string> = {}) => {
    const { region, credentials } = awsSettings('S3', { endpoint }, variables) as Record<string, unknown>;
    return { region, credentials };
  };

  it.each([
    'http://localhost:4566',
    'http://127.0.0.1:4566',
    'http://127.1.2.3',
    'https://[::1]:4566',
    'http://s3.localhost:4566',
  ])('have a default at %s', (endpoint) => {
    expect(found(endpoint)).toEqual({ region: 'us-east-1', credentials: CREDENTIALS });
    expect(found(undefined, { AWS_ENDPOINT_URL: endpoint })).toEqual({ region: 'us-east-1', credentials: CREDENTIALS });
  });

  it.each([
    undefined,
    'https://s3.eu-west-1.amazonaws.com',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'http://emulator:4566',
    'no URL',
  ])('are left to the SDK at %s', (endpoint) => {
    expect(found(endpoint)).toEqual({ region: undefined, credentials: undefined });
  });

  it.each([
    [{ AWS_ACCESS_KEY_ID: 'key' }, { region: 'us-east-1', credentials: undefined }],
    [{ AWS_REGION: 'eu-west-1' }, { region: undefined, credentials: CREDENTIALS }],
    [{ AWS_DEFAULT_REGION: 'eu-west-1' }, { region: 'eu-west-1', credentials: CREDENTIALS }],
    [{ AWS_PROFILE: 'minio' }, { region: undefined, credentials: undefined }],
  ])('on this machine are those of the environment %j', (variables, expected) => {
    expect(found('http://localhost:9000', variables)).toEqual(expected);
  });

  it('of the connection come first', () => {
    expect(awsSettings('SQS', { endpoint: 'http://localhost:4566', region: 'eu-west-1' }, {})).toMatchObject({
      region: 'eu-west-1',
      endpoint: 'http://localhost:4566',
    });
  });
});
