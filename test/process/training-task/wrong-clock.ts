/**
 * Preloaded, it sets the time that JavaScript reads two years back, and ten more years at SIGUSR2. Timers and the
 * monotonic clock stay right, as they do when a machine's clock is set.
 */
const YEAR_MS = 365 * 86_400_000;
const RealDate = Date;
let yearsBehind = 2;
process.on('SIGUSR2', () => {
  yearsBehind = 12;
});

const wrongNow = () => RealDate.now() - yearsBehind * YEAR_MS;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [wrongNow()] : args, newTarget),
  get: (target, name) => (name === 'now' ? wrongNow : Reflect.get(target, name)),
});
