import { describe, expect, it } from 'vitest';
import {
  day,
  EnvironmentError,
  flag,
  matching,
  number,
  readEnvironment,
  text,
  wholeNumber,
} from '../../lib/config/environment.ts';

const SHAPE = {
  BUCKET: text,
  PREFIX: matching(/\/$/, 'a prefix that ends in /').default('data/'),
  DAYS: wholeNumber({ least: 1, most: 3660 }).default(30),
  MINUTES: number({ least: 0, most: 1440 }).default(10),
  SEED: wholeNumber({ least: 0, most: 9 }).nullable().default(null),
  WARM: flag.default(false),
  UNTIL: day.nullable().default(null),
};

describe('readEnvironment', () => {
  it('takes defaults for absent and empty variables, and leaves out variables that the shape does not name', () => {
    expect(readEnvironment(SHAPE, { BUCKET: 's3://shop', DAYS: '', OTHER: 'x' })).toEqual({
      BUCKET: 's3://shop',
      PREFIX: 'data/',
      DAYS: 30,
      MINUTES: 10,
      SEED: null,
      WARM: false,
      UNTIL: null,
    });
  });

  it('parses each variable into its type', () => {
    const variables = { BUCKET: 'b', DAYS: '7', MINUTES: '0.5', SEED: '0', WARM: 'true', UNTIL: '2028-02-29' };
    expect(readEnvironment(SHAPE, variables)).toMatchObject({
      DAYS: 7,
      MINUTES: 0.5,
      SEED: 0,
      WARM: true,
      UNTIL: '2028-02-29',
    });
  });

  it('throws an error that names every variable that is absent or not valid', () => {
    const variables = {
      BUCKET: '',
      PREFIX: 'data',
      DAYS: '1.5',
      MINUTES: 'ten',
      SEED: '10',
      WARM: 'yes',
      UNTIL: '2026-02-30',
    };
    expect(() => readEnvironment(SHAPE, variables)).toThrow(
      new EnvironmentError(
        'environment: BUCKET is not set; PREFIX must be a prefix that ends in /, got "data"; ' +
          'DAYS must be a whole number from 1 to 3660, got "1.5"; MINUTES must be a number from 0 to 1440, got "ten"; ' +
          'SEED must be a whole number from 0 to 9, got "10"; WARM must be true or false, got "yes"; ' +
          'UNTIL must be a day like 2026-01-31, got "2026-02-30"',
      ),
    );
  });
});
