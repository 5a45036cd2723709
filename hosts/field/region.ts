/**
 * What a country lets the 2.4 GHz radios do. Sources: ETSI EN 300 328 (20 dBm EIRP, channels 1 to 13), FCC 47 CFR 15.247 (36 dBm EIRP with 30 dBm into the
 * antenna, 1 to 11), Australia's LIPD class licence and New Zealand's GURL for short range devices (36 dBm EIRP, 1 to 13). A country whose rule is not in this
 * table gets the most restrictive of each column: nobody breaks a law that we have not read.
 */
export interface Region {
  /** Two letters of ISO 3166, or `??`. */
  readonly country: string;
  /** Radiated power, antenna gain included, dBm. */
  readonly eirp: number;
  /** Highest Wi-Fi channel; the lowest is 1. */
  readonly channels: 11 | 13;
  readonly rule: string;
  /** False: the country's own rule is not known here. */
  readonly known: boolean;
}

const etsi = { eirp: 20, channels: 13, rule: 'ETSI EN 300 328' } as const;
const fcc = { eirp: 36, channels: 11, rule: 'FCC 15.247' } as const;
const australia = { eirp: 36, channels: 13, rule: 'LIPD class licence' } as const;
const newZealand = { eirp: 36, channels: 13, rule: 'GURL, short range devices' } as const;

/** New Caledonia, French Polynesia, Wallis and Futuna follow French rules, Guam and American Samoa those of the United States. */
const rules: Readonly<Record<string, Omit<Region, 'country' | 'known'>>> = {
  ...Object.fromEntries('AT BE CH DE DK ES FI FR GB IE IT NC NL NO PF PT SE WF'.split(' ').map((country) => [country, etsi])),
  ...Object.fromEntries('AS GU US'.split(' ').map((country) => [country, fcc])),
  AU: australia,
  NZ: newZealand,
};

/** @param country two letters, either case; anything else is an unknown country */
export function regionOf(country: string): Region {
  const code = country.toUpperCase();
  const rule = rules[code];
  if (rule) return { country: code, known: true, ...rule };
  return {
    country: /^[A-Z]{2}$/.test(code) ? code : '??',
    known: false,
    eirp: 20,
    channels: 11,
    rule: 'rule not known here: the most restrictive of those that are',
  };
}
