/** Which rows `entirespace evaluate` measures, and logs of several paths. */
import { describe, expect, it } from 'vitest';
import { DECLARATION, logText } from './small-log.ts';
import { failure, workplace } from './workplace.ts';

const place = workplace({ isTrained: true });
const first = (stdout: string, lines = 1) => stdout.split('\n').slice(0, lines);

/** Trains into a bucket without asking the gate, and returns the version. */
async function publish(declaration: string, data: string, bucket: string): Promise<string> {
  await place.run('train', declaration, '--data', data, '-b', bucket, '--no-promote');
  const paths = await place.listing(`${bucket}/models/shop`);
  return paths.flatMap((path) => /\d{8}-\d{6}-[0-9a-f]{8}/.exec(path) ?? [])[0] ?? '';
}

describe('evaluate', () => {
  it('says which rows of the log it measured', async () => {
    const { code, stdout } = await place.run('evaluate', '--data', 'log.csv');
    expect({ code, lines: first(stdout) }).toEqual({
      code: 0,
      lines: ['part test: 609 of 3,000 rows (--part all measures all of them)'],
    });
    const json = await place.run('evaluate', '--data', 'log.csv', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ part: 'test', rows: 609, allRows: 3000, notes: [] });
  });

  it('says that the model was trained on rows among them', async () => {
    const { stdout } = await place.run('evaluate', '--data', 'log.csv', '--part', 'all');
    expect(first(stdout, 2)).toEqual(['all 3,000 rows', 'note: the model was trained on 2,078 of these rows']);
    const later = logText(6000).split('\n');
    await place.write('later.csv', [later[0], ...later.slice(3001)].join('\n'));
    const other = await place.run('evaluate', '--data', 'later.csv', '--part', 'all');
    expect(first(other.stdout, 2)).toEqual(['all 3,000 rows', expect.not.stringContaining('note')]);
  });

  it('does not need the column of the split for all rows', async () => {
    await place.write(
      'parts.yaml',
      DECLARATION.replace(/^split: .*$/m, 'split: { column: part, train: [a], test: [b] }'),
    );
    await place.writeRows(
      'parts.parquet',
      `SELECT *, CASE WHEN "row" % 3 = 0 THEN 'b' ELSE 'a' END AS part FROM '${place.at('log.parquet')}'`,
    );
    const version = await publish('parts.yaml', 'parts.parquet', 'parts');
    const whole = await place.run(
      'evaluate',
      '--data',
      'log.parquet',
      '-b',
      'parts',
      '--version',
      version,
      '--part',
      'all',
    );
    expect({ code: whole.code, lines: first(whole.stdout) }).toEqual({ code: 0, lines: ['all 3,000 rows'] });
    expect(await place.run('evaluate', '--data', 'log.parquet', '-b', 'parts', '--version', version)).toEqual({
      code: 4,
      stdout: '',
      stderr: 'entirespace: log columns missing: part (in log.parquet)\n',
    });
  });

  it('measures a randomised test without the column of clicks, on all of its rows', async () => {
    await place.writeRows('random.parquet', `SELECT * EXCLUDE (clicked) FROM '${place.at('log.parquet')}'`);
    const { code, stdout } = await place.run('evaluate', '--data', 'random.parquet', '--part', 'all');
    const lines = stdout.trimEnd().split('\n');
    expect({ code, note: lines[1], tasks: lines.slice(3, 5).map((line) => line.slice(0, 33)) }).toEqual({
      code: 0,
      note: 'note: the log has no clicked: what is conditioned on click is measured on all rows, as if each had reached it, which is right where all did, or where chance decided which rows are shown',
      tasks: ['pcvr (all rows)  3,000        279', 'CTCVR            3,000        279'],
    });
  });

  it('needs one label at least, and every label to measure a part', async () => {
    await place.writeRows('none.parquet', `SELECT * EXCLUDE (clicked, bought) FROM '${place.at('log.parquet')}'`);
    expect(await place.run('evaluate', '--data', 'none.parquet', '--part', 'all')).toEqual(
      failure(4, 'log columns missing: clicked, bought (in none.parquet)'),
    );
    await place.writeRows('random.parquet', `SELECT * EXCLUDE (clicked) FROM '${place.at('log.parquet')}'`);
    expect(await place.run('evaluate', '--data', 'random.parquet')).toEqual(
      failure(4, 'log columns missing: clicked (in random.parquet)'),
    );
  });

  it('says that the sampling rate of the log is applied', async () => {
    await place.write('kept.yaml', DECLARATION.replace('keys: [row]', 'keys: [row], kept: 0.5'));
    const version = await publish('kept.yaml', 'log.csv', 'kept');
    const { stdout } = await place.run('evaluate', '--data', 'log.csv', '-b', 'kept', '--version', version);
    expect(first(stdout, 2)[1]).toBe(
      'note: log.kept is applied: rows that reached no stage are weighted by 1 / 0.5, as is right for a log that was sampled like that of the training, not for a full one',
    );
  });
});

describe('a log of several paths', () => {
  it('is read as one', async () => {
    const rows = logText(3000).trimEnd().split('\n');
    await place.write('one.csv', rows.slice(0, 2001).join('\n'));
    await place.write('two.csv', [rows[0], ...rows.slice(2001)].join('\n'));
    const { code, stdout } = await place.run('validate', 'shop.yaml', '--data', 'one.csv', '--data', 'two.csv');
    expect({ code, line: stdout.split('\n')[1] }).toEqual({
      code: 0,
      line: 'one.csv, two.csv: 3,000 rows, 0 rejected',
    });
    const again = await place.run('validate', 'shop.yaml', '--data', 'one.csv', '--data', 'one.csv');
    expect(again.stdout.split('\n')[1]).toBe('one.csv, one.csv: 2,000 rows, 0 rejected');
  });
});
