import { describe, expect, it } from 'vitest';
import { featureNames } from '../../lib/init/guess/features.ts';
import { modelNameOf } from '../../lib/init/model-name.ts';
import { idRole, labelRole, namedKind, timeRank, wordsOf } from '../../lib/init/names.ts';

describe('words of a name', () => {
  it.each([
    ['userId', ['user', 'id']],
    ['srch_destinationID', ['srch', 'destination', 'id']],
    ['Customer ID', ['customer', 'id']],
    ['Größe-cm', ['größe', 'cm']],
    ['HTTPStatus', ['http', 'status']],
    ['101', ['101']],
  ])('%s', (name, expected) => expect(wordsOf(name)).toEqual(expected));
});

describe('what a name stands for', () => {
  it.each([
    ['is_clicked', 'click'],
    ['clickBool', 'click'],
    ['booking_bool', 'conversion'],
    ['isPurchased', 'conversion'],
    ['add_to_cart', 'action'],
    ['label', 'label'],
    ['purchase_history_flag', null],
    ['newbie', null],
  ])('label %s', (name, expected) => expect(labelRole(name)).toBe(expected));

  it.each([
    ['user_id', 'user'],
    ['productId', 'item'],
    ['srch_id', 'session'],
    ['id', 'row'],
    ['row', 'row'],
    ['visitor_location_country_id', null],
    ['price', null],
  ])('id %s', (name, expected) => expect(idRole(name)).toBe(expected));

  it.each([
    ['brand_id', 'category'],
    ['category_price', 'number'],
    ['price_category', 'category'],
    ['zip', 'category'],
    ['age', 'number'],
    ['x7', null],
  ])('numbers of %s', (name, expected) => expect(namedKind(name)).toBe(expected));

  it('prefers the time of the row to other times, and takes a birthday for none', () => {
    expect([timeRank('shown_at'), timeRank('date'), timeRank('day_of_offer'), timeRank('birth_date')]).toEqual([
      2, 2, 1, -1,
    ]);
  });
});

describe('names of features', () => {
  it('are such as the declaration takes, and each once', () => {
    const columns = ['p_score', 'pctr', '101', 'Größe (cm)', 'a', 'A', 'tags', 'tags_weights', 'toString'];
    expect(Object.fromEntries(featureNames(columns))).toEqual({
      p_score: 'column_p_score',
      pctr: 'column_pctr',
      101: 'column_101',
      'Größe (cm)': 'Gro_e_cm',
      a: 'a',
      A: 'A_2',
      tags: 'tags',
      tags_weights: 'tags_weights_2',
      toString: 'column_toString',
    });
  });
});

describe('the name of a model', () => {
  it.each([
    ['hillstrom.csv', 'hillstrom'],
    ['shop/logs/', 'shop'],
    ['data/My Shop.csv.gz', 'my-shop'],
    ['logs', 'model'],
    ['s/dt=2026-01-01/part-0.parquet', 's'],
  ])('after %s', (path, expected) => expect(modelNameOf(path)).toBe(expected));
});
