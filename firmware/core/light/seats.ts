/** Seats of a committee: who signed, and how many seats that is. */
import { sameOctets, u32At } from '../base/index.js';
import type { SeatSignature } from '../wire/index.js';

/** Seats of a committee, drawn by weight each epoch (the original chain has 17 signers). */
const SEATS = 17;
const KEY = 33;

export function keyOf(committee: Uint8Array, seat: number): Uint8Array {
  return committee.subarray(seat * KEY, seat * KEY + KEY);
}

/** For each seat how many its holder has in all, or 0 if an earlier seat is his too: a holder signs under his first. */
export function holdings(committee: Uint8Array): number[] {
  const held: number[] = [];
  // Four octets of each key tell nearly all apart: numbers compare many times as fast on XS as octets do.
  const marks: number[] = [];
  for (let seat = 0; seat < SEATS; seat += 1) {
    const mark = u32At(committee, seat * KEY + 1);
    let first = marks.indexOf(mark);
    while (first >= 0 && !sameOctets(committee, first * KEY, committee, seat * KEY, KEY)) first = marks.indexOf(mark, first + 1);
    marks[seat] = mark;
    held[seat] = 0;
    held[first < 0 ? seat : first]! += 1;
  }
  return held;
}

export function isQuorum(seats: number): boolean {
  return seats * 3 > SEATS * 2;
}

/** Each holder once, in order, and together more than two thirds of the seats; otherwise no signature is worth checking. */
export function seatFault(held: readonly number[], signatures: readonly SeatSignature[]): 'bad-seat' | 'no-quorum' | undefined {
  let seats = 0;
  let last = -1;
  for (const { seat } of signatures) {
    const count = seat > last && seat < SEATS ? held[seat]! : 0;
    if (count === 0) return 'bad-seat';
    seats += count;
    last = seat;
  }
  return isQuorum(seats) ? undefined : 'no-quorum';
}
