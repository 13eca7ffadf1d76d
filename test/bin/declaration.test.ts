import { copyFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { failure, workplace } from './workplace.ts';

const place = workplace();

describe('the declaration', () => {
  const valid = (name: string) => ({
    code: 0,
    stdout: `${name} is valid: 2 stages, 3 features, 2 embedding tables\n`,
    stderr: '',
  });

  it.each([[['shop.yaml']], [['-d', 'shop.yaml']], [['shop.yaml', '-d', './shop.yaml']]])(
    'is named by the argument or the option: %j',
    async (args) => expect(await place.run('validate', ...args)).toEqual(valid('shop.yaml')),
  );

  it('is entirespace.yaml where none is named', async () => {
    expect(await place.run('validate')).toEqual(
      failure(3, 'entirespace.yaml:1:1 no such file: entirespace init <log> writes a first one from a log'),
    );
    await copyFile(place.at('shop.yaml'), place.at('entirespace.yaml'));
    expect(await place.run('validate')).toEqual(valid('entirespace.yaml'));
  });
});

describe('a wrong declaration', () => {
  const refused = async (file: string, message: string) =>
    expect(await place.run('validate', file)).toEqual(failure(3, message));

  it('is refused where the file does not exist', () => refused('absent.yaml', 'absent.yaml:1:1 no such file'));

  it('is refused where the file is empty', async () =>
    refused(
      await place.write('empty.yaml', ''),
      'empty.yaml:1:1 got an empty file, expected a map with name, stages, log and features',
    ));

  it('is refused where it is not YAML', async () =>
    refused(
      await place.write('open.yaml', 'name: ['),
      'open.yaml:1:8 flow sequence in block collection must be sufficiently indented and end with a ]',
    ));

  it('is refused where it is another text, of which the message has the beginning', async () =>
    refused(
      await place.write('noise.yaml', 'x'.repeat(500)),
      `noise.yaml:1:1 got "${'x'.repeat(60)}...", expected a map with name, stages, log and features`,
    ));

  it('is refused with all of its mistakes at once', async () => {
    const text = `name: Shop!
stages:
  click: { label: clicked }
  conversion: { label: bought, witin: 7d }
log: { kyes: [row] }
split: { hash: row, validation: 1.5 }
features:
  age: { type: numbr, entity: user }
  item: { type: category, entity: thing }
  pctr: { type: number, entity: user }
  history: { type: bag, entity: user, delimiter: "|", max_length: 0 }
model: { hidden_units: [] }
training: { epochs: 0 }
`;
    await refused(
      await place.write('ten.yaml', text),
      `ten.yaml:1:7 name: got "Shop!", expected a name of a-z, 0-9 and -
ten.yaml:4:32 stages.conversion.witin: unknown key, did you mean within? expected one of from, label, weight, complement_of, exclusive, at, within, inconsistent, max_inconsistent
ten.yaml:5:1 log.keys: missing, expected a list
ten.yaml:5:8 log.kyes: unknown key, did you mean keys? expected one of keys, time, follow_up, group, kept, weight, outcomes, truth, max_rejected
ten.yaml:6:33 split.validation: got 1.5, expected a share of at least 0 and below 1
ten.yaml:8:16 features.age.type: got "numbr", expected one of "category", "bag", "sequence", "number", "vector", "cross"
ten.yaml:9:35 features.item.entity: got "thing", expected one of "user", "item", "context"
ten.yaml:10:3 features.pctr: got pctr, a name of the scores' probabilities, expected another, such as x_pctr: { column: pctr, ... }
ten.yaml:11:67 features.history.max_length: got 0, expected a whole number from 1 to 10000
ten.yaml:12:10 model.hidden_units: got an empty list, expected at least one layer
ten.yaml:13:21 training.epochs: got 0, expected a whole number from 1 to 10000`,
    );
  });
});
