import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { jdLog } from '../../../examples/jd/make.ts';
import { workplace } from '../../bin/workplace.ts';

const path = fileURLToPath(new URL('../../../examples/jd/entirespace.yaml', import.meta.url));
const place = workplace();

/** Files in the format of the data set: of 60 items, each user views one in six, and favours and buys some of these. */
async function writeFiles(users: number): Promise<void> {
  await mkdir(place.at('jd'), { recursive: true });
  const pairs = Array.from({ length: users * 60 }, (_, at) => [Math.floor(at / 60) + 1, (at % 60) + 1] as const);
  const viewed = pairs.filter(([user, item]) => (user + item) % 6 === 0);
  const text = (chosen: typeof pairs) => chosen.map(([user, item]) => `${user}\t${item}\n`).join('');
  await place.write('jd/trn_pv', text(viewed));
  await place.write('jd/trn_fav', text(viewed.filter((_, at) => at % 5 === 0)));
  await place.write('jd/trn_buy', text([...viewed.filter((_, at) => at % 4 === 0), [1, 1]]));
}

describe('examples/jd', () => {
  it('has each view with what followed, and two other items that the user did not view', async () => {
    await writeFiles(6);
    const [header, ...lines] = jdLog(place.at('jd')).trimEnd().split('\n');
    expect(header).toBe('user,item,view,favourite,purchase');
    expect(lines).toHaveLength(3 * 60);
    expect(new Set(lines.map((line) => line.split(',').slice(0, 2).join())).size).toBe(lines.length);
    expect(lines[0]).toBe('1,5,1,1,1');
    expect(lines[3]).toBe('1,11,1,0,0');
    for (const [at, line] of lines.entries()) {
      const [user, item, ...labels] = line.split(',').map(Number);
      expect(((user as number) + (item as number)) % 6 === 0).toBe(at % 3 === 0);
      expect(labels[0]).toBe(at % 3 === 0 ? 1 : 0);
      expect(user).toBe(Number(lines[at - (at % 3)]?.split(',')[0]));
      if (at % 3 !== 0) expect(labels).toEqual([0, 0, 0]);
    }
    expect(jdLog(place.at('jd')).trimEnd().split('\n')).toEqual([header, ...lines]);
  });

  it('is validated and trained on', async () => {
    await writeFiles(40);
    await place.write('jd.csv', jdLog(place.at('jd')));
    expect(await place.run('validate', path, '--data', 'jd.csv')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('jd.csv: 1,200 rows, 0 rejected\n'),
    });
    expect(await place.run('train', path, '--data', 'jd.csv', '--no-promote')).toMatchObject({ code: 0 });
  });

  it('names a line that is no pair', async () => {
    await writeFiles(2);
    await place.write('jd/trn_fav', '1\n');
    expect(() => jdLog(place.at('jd'))).toThrow(/^got 1, expected a user and an item \(in .*trn_fav\)$/);
  });
});
