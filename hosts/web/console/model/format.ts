/** Figures as a person reads them. Pure, but for the reader's own clock format. */

/** Shortest prefixes of four or more characters that tell the ids apart. */
export function shortIds(ids: readonly string[]): ReadonlyMap<string, string> {
  const sorted = [...ids].sort();
  const common = (one: string | undefined, other: string): number => {
    let length = 0;
    while (one !== undefined && length < other.length && one[length] === other[length]) length += 1;
    return length;
  };
  return new Map(
    sorted.map((id, index) => [id, id.slice(0, Math.max(4, common(sorted[index - 1], id) + 1, common(sorted[index + 1], id) + 1))]),
  );
}

/** `412 B`, `1.2 kB`, `3.4 MB`: powers of 1,000, as file managers and data plans count. */
export function octets(count: number): string {
  if (count < 1000) return `${count} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = count / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 99.95 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`;
}

/** The two largest units: `45 s`, `12 min 5 s`, `3 h 20 min`, `2 d 4 h`. */
export function duration(seconds: number): string {
  const whole = Math.floor(seconds);
  const parts = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3_600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ] as const;
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ');
}

/** A metric (units of 100 µs) as expected airtime. */
export function airtime(metric: number): string {
  const ms = metric / 10;
  return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

/** With a true minus sign. */
export const decibels = (dbm: number): string => `${dbm < 0 ? '−' : ''}${Math.abs(dbm)} dBm`;

/** Thin spaces between groups of three digits. */
export const count = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, '\u2009');

export const share = (part: number, whole: number): number => (whole > 0 ? Math.min(100, Math.floor((100 * part) / whole)) : 0);

/** Milliseconds since 1970 to `14:03:22`, in the reader's time zone. */
export function clock(at: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** One word for each number: `1 link`, `3 links`. */
export const plural = (value: number, word: string): string => `${count(value)} ${word}${value === 1 ? '' : 's'}`;

/** The daemon's messages are clauses: with a capital and a full stop. */
export const sentence = (clause: string): string => clause.charAt(0).toUpperCase() + clause.slice(1) + (/[.!?]$/.test(clause) ? '' : '.');
