/**
 * Preloaded, it sets the process's clock two years back, and ten more at SIGUSR2: to all that asks JavaScript for the
 * time. Timers and the steady clock go on as they do where a machine's clock is set.
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
