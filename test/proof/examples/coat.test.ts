import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { coatLog } from '../../../examples/coat/make.ts';
import { workplace } from '../../bin/workplace.ts';

const path = fileURLToPath(new URL('../../../examples/coat/entirespace.yaml', import.meta.url));
const place = workplace();

/** Files in the format of the data set: `users` by `items`, of which each user rates some. */
async function writeFiles(users: number, items: number): Promise<void> {
  await mkdir(place.at('coat'), { recursive: true });
  const rows = (count: number, row: (index: number) => string) =>
    Array.from({ length: count }, (_, at) => row(at)).join('');
  await place.write(
    'coat/user_features_map.txt',
    ['gender:men', 'gender:women', 'age:under 20', 'location:urban', 'fashioninterest:very'].join('\n'),
  );
  await place.write(
    'coat/user_features.ascii',
    rows(users, (user) => `${user % 2} ${1 - (user % 2)} 1 1 ${user % 3 === 0 ? 1 : 0} \n`),
  );
  await place.write(
    'coat/item_features_map.txt',
    ['gender:men', 'jackettype:field', 'color:red', 'color:blue', 'onfrontpage:yes', 'onfrontpage:no'].join('\n'),
  );
  await place.write(
    'coat/item_features.ascii',
    rows(items, (item) => `1 1 0 1 ${item % 2} ${1 - (item % 2)} \n`),
  );
  const ratings = (every: number, shift: number) =>
    rows(users * items, (cell) =>
      cell % every === shift ? `${Math.floor(cell / items)},${cell % items},${1 + ((cell >> 2) % 5)}\n` : '',
    );
  await place.write('coat/user.txt', ratings(7, 0));
  await place.write('coat/random.txt', ratings(11, 3));
}

describe('examples/coat', () => {
  it('has a row for each cell and each rating of a random item, with the features by their names', async () => {
    await writeFiles(4, 10);
    const lines = coatLog(place.at('coat')).trimEnd().split('\n');
    expect(lines[0]).toBe(
      'part,user,item,user_gender,user_age,user_location,user_fashioninterest,' +
        'item_gender,item_jackettype,item_color,item_onfrontpage,click,conversion',
    );
    expect(lines).toHaveLength(1 + 4 * 10 + 4);
    // Cell 7 is rated 1 + (1 % 5), cell 14 1 + (3 % 5); cell 14 is random, too, as is cell 3, rated 1.
    expect(lines[1 + 7]).toMatch(/^(train|validation),0,7,women,under 20,urban,very,men,field,blue,yes,1,0$/);
    expect(lines[1 + 14]).toMatch(/^(train|validation),1,4,men,under 20,urban,,men,field,blue,no,1,1$/);
    expect(lines[1 + 15]).toMatch(/^(train|validation),1,5,men,under 20,urban,,men,field,blue,yes,0,0$/);
    expect(lines.filter((line) => line.startsWith('test,'))).toEqual([
      'test,0,3,women,under 20,urban,very,men,field,blue,yes,1,0',
      'test,1,4,men,under 20,urban,,men,field,blue,no,1,1',
      'test,2,5,women,under 20,urban,,men,field,blue,yes,1,0',
      'test,3,6,men,under 20,urban,very,men,field,blue,no,1,1',
    ]);
  });

  it('is validated and trained on', async () => {
    await writeFiles(30, 40);
    await place.write('coat.csv', coatLog(place.at('coat')));
    expect(await place.run('validate', path, '--data', 'coat.csv')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('coat.csv: 1,309 rows, 0 rejected\n'),
    });
    const { code, stdout } = await place.run('train', path, '--data', 'coat.csv', '--no-promote');
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/\nCVR \(clicked\) +109 /) });
  });

  it('names a user without features', async () => {
    await writeFiles(4, 10);
    await place.write('coat/random.txt', '4,0,5\n');
    expect(() => coatLog(place.at('coat'))).toThrow(/^user or item without features: 4,0 \(in .*coat\)$/);
  });
});
