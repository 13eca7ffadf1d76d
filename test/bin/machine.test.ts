import { describe, expect, it, vi } from 'vitest';
import { failure, workplace } from './workplace.ts';

const place = workplace();

describe('a failure of the machine', () => {
  it('is reported where the scratch folder does not exist', async () => {
    const { done } = place.start(['validate', 'shop.yaml', '--data', 'log.csv'], { TMPDIR: '/nowhere' });
    expect(await done).toEqual(
      failure(6, 'cannot make a scratch folder in /nowhere: ENOENT (TMPDIR names another place)'),
    );
  });

  it('is reported where the memory is too small, without blaming the file', async () => {
    const { code, stderr } = await place.run('validate', 'shop.yaml', '--data', 'log.csv', '--memory', '1');
    expect(code).toBe(6);
    expect(stderr).toMatch(
      /^entirespace: the memory for reading and encoding is too small: raise --memory or lower --threads \(Out of Memory Error: .*\)\n$/,
    );
  });

  it('does not include an endpoint that refuses connections, which exits with 1', async () => {
    vi.stubEnv('AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', 'true');
    expect(await place.run('models', 'list', '-b', 's3://shop', '--endpoint', 'http://127.0.0.1:1')).toEqual(
      failure(1, 'cannot list s3://shop/models/: connect ECONNREFUSED 127.0.0.1:1'),
    );
  });
});
