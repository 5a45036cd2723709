/** Octets and money in words for people. */

/** Octets of a minute of video at 480 lines, 650 kbit/s: what a phone's screen shows well. */
const VIDEO_MINUTE = 4_900_000;

/** What the app offers to buy. */
export const packages: readonly number[] = [10_000_000, 50_000_000, 200_000_000];

/** `9.5 MB`: three digits at most, rounded down so that nothing is promised that is not there; to the octet below 1 kB. */
export function octets(count: number): string {
  const [size, unit] = count >= 1e9 ? [1e9, 'GB'] : count >= 1e6 ? [1e6, 'MB'] : count >= 1e3 ? [1e3, 'kB'] : [1, 'B'];
  const digits = size === 1 || count / size >= 100 ? 0 : 1;
  const scale = 10 ** digits;
  return `${(Math.floor((count / size) * scale) / scale).toFixed(digits).replace(/\.0$/, '')} ${unit}`;
}

export const videoMinutes = (count: number): number => Math.floor(count / VIDEO_MINUTE);

export interface Currency {
  /** As people say it: `vatu`. */
  readonly name: string;
  /** Of the token's smallest unit in one, decimal. */
  readonly unit: string;
}

/** An amount of the token's smallest unit in local money, two digits after the point at most; what is less than that is said to be. */
export function money(amount: bigint, { name, unit }: Currency): string {
  const cents = (amount * 100n) / BigInt(unit);
  if (cents === 0n && amount > 0n) return `< 0.01 ${name}`;
  const fraction = String(cents % 100n)
    .padStart(2, '0')
    .replace(/0+$/, '');
  return `${cents / 100n}${fraction === '' ? '' : `.${fraction}`} ${name}`;
}

/** What so many octets cost; rounded up as the box does. */
export const price = (count: number, perMegabyte: bigint): bigint => (BigInt(count) * perMegabyte + 999_999n) / 1_000_000n;
