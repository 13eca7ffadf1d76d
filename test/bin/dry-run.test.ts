/** What `--dry-run` tells, and that it writes nothing. */
import { describe, expect, it } from 'vitest';
import { failure, workplace } from './workplace.ts';

const place = workplace({ isTrained: true });

describe('score --dry-run', () => {
  it('tells rows, shards, time, memory and USD, and writes nothing', async () => {
    const before = await place.listing('.');
    const { code, stdout, stderr } = await place.run('score', 'log.csv', 'log.parquet', '--dry-run');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^log\.csv: 3,000 rows in 1 shard\nlog\.parquet: 3,000 rows in 1 shard\nhere: about \d+ s at [\d,]+ rows\/s, as 3,000 rows took, and [\d.]+ [GM]iB of memory\non AWS: about 1 s with 10 functions, 0\.000\d+ USD at list prices of 2026-11\ndry run by shop <version>: nothing was written\n$/,
    );
    expect(await place.listing('.')).toEqual(before);
  });

  it('tells which file cannot be scored, and why', async () => {
    await place.writeRows('bare.parquet', `SELECT "row" FROM '${place.at('log.parquet')}'`);
    const { code, stdout } = await place.run('score', 'log.parquet', 'bare.parquet', '--dry-run', '--json');
    expect(code).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({
      model: { name: 'shop' },
      files: [
        { file: 'log.parquet', rows: 3000, shards: 1, problem: null },
        {
          file: 'bare.parquet',
          rows: 0,
          shards: 0,
          problem: 'candidate columns missing: age, item, history (in bare.parquet)',
        },
      ],
      here: { probedRows: 3000 },
    });
  });
});

describe('train --dry-run', () => {
  it('tells what training takes, and writes nothing', async () => {
    const before = await place.listing('.');
    const { code, stdout } = await place.run('train', 'shop.yaml', '--data', 'log.csv', '--dry-run');
    expect(code).toBe(0);
    expect(stdout.split('\n').slice(-5, -1)).toEqual([
      expect.stringMatching(/^ {2}training takes .* on this machine: 2 epochs at [\d,]+ rows\/s, in batches of 512$/),
      expect.stringMatching(/^ {2}training needs [\d,.]+ \w+ of memory of /),
      expect.stringMatching(
        /^ {2}on AWS, in as long: \S+ to \S+ USD for a task of 4 vCPU and 16 GiB, on demand at list/,
      ),
      'dry run: nothing was trained, published or written',
    ]);
    expect(await place.listing('.')).toEqual(before);
  });
});

describe('what newcomers write', () => {
  it('is told with what is meant: a log without --data, and words for maps', async () => {
    const hint = '--data is missing, did you mean --data log.csv? (--help tells more)';
    expect(await place.run('train', 'log.csv')).toEqual(failure(2, hint));
    expect(await place.run('validate', 'shop.yaml', 'log.csv')).toEqual(
      failure(
        2,
        'too many arguments for validate: got log.csv after shop.yaml, did you mean --data log.csv? (--help tells more)',
      ),
    );
    const text = 'name: a\nstages:\n  visit: seen\nlog: { keys: [row] }\nfeatures:\n  age: number\n';
    expect(await place.run('validate', await place.write('words.yaml', text))).toEqual(
      failure(
        3,
        'words.yaml:3:10 stages.visit: got "seen", expected a map, such as { label: seen }\nwords.yaml:6:8 features.age: got "number", expected a map, such as { type: number, entity: user }',
      ),
    );
  });
});
