import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readDeclaration } from '../../../lib/config/parse-declaration.ts';
import { featureColumns } from '../../../lib/table/kinds/index.ts';
import { workplace } from '../../bin/workplace.ts';

const path = fileURLToPath(new URL('../../../examples/expedia/entirespace.yaml', import.meta.url));
const place = workplace();

/** The header of the published file, without the 24 columns of competitors' prices, which the example does not read. */
const HEADER =
  'srch_id,date_time,site_id,visitor_location_country_id,visitor_hist_starrating,visitor_hist_adr_usd,prop_country_id,' +
  'prop_id,prop_starrating,prop_review_score,prop_brand_bool,prop_location_score1,prop_location_score2,' +
  'prop_log_historical_price,position,price_usd,promotion_flag,srch_destination_id,srch_length_of_stay,' +
  'srch_booking_window,srch_adults_count,srch_children_count,srch_room_count,srch_saturday_night_bool,' +
  'srch_query_affinity_score,orig_destination_distance,random_bool,click_bool,gross_bookings_usd,booking_bool';

const LABELS: Readonly<Record<string, (row: number) => number | string>> = {
  srch_id: (row) => Math.floor(row / 10),
  prop_id: (row) => row,
  click_bool: (row) => Number(row % 4 === 0),
  booking_bool: (row) => Number(row % 8 === 0),
  gross_bookings_usd: (row) => (row % 8 === 0 ? 100 : 'NULL'),
  date_time: () => '2013-04-04 08:32:15',
  visitor_hist_starrating: () => 'NULL',
};

it('examples/expedia is validated and trained on, with the columns of the published file', async () => {
  const names = HEADER.split(',');
  const rows = Array.from({ length: 1000 }, (_, row) =>
    names.map((name, at) => LABELS[name]?.(row) ?? (row * (at + 3)) % 7).join(','),
  );
  await place.write('train.csv', [HEADER, ...rows, ''].join('\n'));
  expect(await place.run('validate', path, '--data', 'train.csv')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('train.csv: 1,000 rows, 0 rejected\n'),
  });
  expect(await place.run('train', path, '--data', 'train.csv', '--no-promote')).toMatchObject({ code: 0 });
  const { declaration } = await readDeclaration(path);
  const read = declaration.features.flatMap(featureColumns).map(({ column }) => column);
  expect(read.filter((column) => !names.includes(column))).toEqual([]);
});
