/**
 * Unit types: a number that carries its unit in its type. They cost nothing at run time; a unit is put on once, at a border.
 */
declare const unit: unique symbol;
type Unit<Name extends string> = number & { readonly [unit]: Name };

/** Monotonic milliseconds since the node started; never wall time. */
export type Millis = Unit<'Millis'>;
/** Microseconds on the air. */
export type Micros = Unit<'Micros'>;
/** A count of octets. */
export type Bytes = Unit<'Bytes'>;
/** Routing metric: expected airtime to the destination in units of 100 µs for a 200-byte frame; 0xffff means unreachable. */
export type Metric = Unit<'Metric'>;

export const millis = (value: number): Millis => value as Millis;
export const micros = (value: number): Micros => value as Micros;
export const bytes = (value: number): Bytes => value as Bytes;
export const metric = (value: number): Metric => value as Metric;

/** No deadline: nothing to do until the next input. */
export const NEVER: Millis = millis(Number.MAX_SAFE_INTEGER);
