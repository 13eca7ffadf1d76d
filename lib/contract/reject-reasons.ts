/**
 * Why a row of a log, a candidate file or a feature table is rejected: each reason, as files of rejects and counts have
 * it, with what was expected instead. `lib/table/check/check-rows.ts` has the check of each, and `lib/table/kinds`
 * those of features.
 */
export const REJECT_REASONS = {
  field_count: 'as many fields as the header has',
  quote_misplaced: 'quotes around a whole field',
  quote_not_closed: 'a second quote at the end of the field',
  record_too_long: 'at most 2 MiB',
  not_utf8: 'UTF-8 (any other needs csv.encoding)',
  json_not_object: 'one JSON object on the line',
  json_key_repeated: 'each key once in the JSON object',
  header_repeated: 'the header in the first line alone',
  missing_key: 'a value',
  key_not_exact: 'an integer or text: neighbouring integers are one floating number',
  unknown_user: "a key of the users' table",
  unknown_item: "a key of the items' table",
  unknown_entity: "a key of the entity's table",
  time_not_valid: 'an instant',
  time_in_future: 'at most a day from now',
  label_missing: '0 or 1',
  label_not_binary: '0 or 1',
  event_time_missing: 'the time of the event',
  event_without_label: 'no time without the event',
  event_too_early: 'a time not before that of the row or of an earlier stage',
  event_after_log: 'a time that is not after the end of the log',
  split_not_listed: 'one of the values that the declaration lists',
  kept_not_in_range: 'above 0 and at most 1',
  row_weight_not_valid: 'a finite number of at least 0',
  number_not_numeric: 'a number (one with a decimal comma needs csv.decimal)',
  number_not_finite: 'a finite number',
  vector_length: 'as many values as the declaration says',
  vector_not_valid: 'a finite number in each place',
  score_operand_missing: 'a value, or coalesce(column, 0) in scoring.score',
  score_division_by_zero: 'a divisor other than 0',
  score_out_of_domain: 'numbers that the function is defined for',
  score_overflow: 'a result that a double can hold',
  rank_group_missing: 'a value',
  score_not_finite: 'values of which the model makes a finite score',
  id_not_integer: 'an integer',
  list_not_written: 'a list such as ["a", "b"], or a delimiter in the declaration',
  weights_length: 'one weight for each value',
  weight_not_valid: 'finite weights of at least 0',
} as const;

/** The reason of a label that contradicts those of the stages before it: `purchase_without_click`. */
export type ContradictionReason = `${string}_without_${string}`;

/** Returns the reason of a row whose key is not in the table of an entity. */
export function unknownReason(entity: string): 'unknown_user' | 'unknown_item' | 'unknown_entity' {
  return entity === 'user' || entity === 'item' ? `unknown_${entity}` : 'unknown_entity';
}

export type ListedReason = keyof typeof REJECT_REASONS;

export type RejectReason = ListedReason | ContradictionReason;
