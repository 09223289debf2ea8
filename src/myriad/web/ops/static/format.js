// Numbers as people read them.
//
// Responsible for: counts, sizes, times and durations as short text. Not here: what they belong to.
//
// Invariant: a number that is not known is shown as a dash, never as 0.

export const UNKNOWN = "–";

const known = (value) => value !== null && value !== undefined && Number.isFinite(value);

function scaled(value, steps, base) {
  let step = 0;
  let rest = Math.abs(value);
  while (rest >= base && step < steps.length - 1) {
    rest /= base;
    step += 1;
  }
  const digits = step === 0 || rest >= 100 ? 0 : rest >= 10 ? 1 : 2;
  return `${value < 0 ? "−" : ""}${rest.toFixed(digits)}${steps[step]}`;
}

/** 1234567 → "1.23M"; whole numbers below ten thousand as they are. */
export function count(value) {
  if (!known(value)) return UNKNOWN;
  if (Math.abs(value) < 10_000) return String(Math.round(value));
  return scaled(value, ["", "k", "M", "G"], 1000);
}

/** Numbers that may be small: rates, cores. */
export function decimal(value, digits = 2) {
  if (!known(value)) return UNKNOWN;
  if (value === 0) return "0";
  if (Math.abs(value) >= 10_000) return count(value);
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? Math.min(digits, 1) : digits);
}

export const bytes = (value) => (known(value) ? scaled(value, [" B", " kB", " MB", " GB"], 1000) : UNKNOWN);

export const byteRate = (value) => (known(value) ? `${bytes(value)}/s` : UNKNOWN);

export const milliseconds = (value) => (known(value) ? `${decimal(value, 1)} ms` : UNKNOWN);

/** Share of a CPU core, in percent. */
export const cores = (value) => (known(value) ? `${decimal(value * 100, 0)} %` : UNKNOWN);

export function duration(seconds) {
  if (!known(seconds)) return UNKNOWN;
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 90) return `${whole} s`;
  if (whole < 5400) return `${Math.round(whole / 60)} min`;
  if (whole < 129_600) return `${Math.round(whole / 3600)} h`;
  return `${Math.round(whole / 86_400)} d`;
}

export const ago = (seconds) => (known(seconds) ? (seconds < 2 ? "now" : `${duration(seconds)} ago`) : UNKNOWN);

const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const WHOLE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** Local time of day of a moment in seconds since 1970. */
export const clock = (atS) => (known(atS) ? CLOCK.format(atS * 1000) : UNKNOWN);

export const moment = (atS) => (known(atS) ? WHOLE.format(atS * 1000) : UNKNOWN);

export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** "zone-3" → "zone-3", its layer 2 → "zone-3/2", as everywhere in Myriad. */
export const zoneName = (zone, layer) => (layer ? `${zone}/${layer}` : zone);

/** snake_case of reasons and phases as words. */
export const words = (text) => String(text).replaceAll("_", " ");
