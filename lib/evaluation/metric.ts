/** A measured number, or the reason why there is none. */
export type Metric = { readonly value: number } | { readonly value: null; readonly reason: string };

/** Returns a metric with a value. */
export function measured(value: number): Metric {
  return { value };
}

/** Returns a metric that the rows do not define, with the reason. */
export function undefinedMetric(reason: string): Metric {
  return { value: null, reason };
}
