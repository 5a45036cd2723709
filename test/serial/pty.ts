/**
 * Real ptys for tests, without native code of ours: `script` of Debian's essential package bsdutils makes a pty, and relays between its
 * master and its own standard input and output.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

export interface Pty {
  /** What a program opens. */
  readonly device: string;
  /** What a program wrote to the device. */
  readonly output: Readable;
  /** What a program will read from it. */
  readonly input: Writable;
  /** Hangs up, as unplugging does. */
  unplug(): Promise<void>;
}

export async function openPty(): Promise<Pty> {
  const child = spawn('script', ['-qfc', 'tty; stty raw -echo; echo ready; exec sleep 3600', '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const piece of child.stdout.iterator({ destroyOnReturn: false })) {
    said += String(piece);
    if (said.includes('ready\n')) break;
  }
  const device = /\/dev\/pts\/\d+/.exec(said)?.[0];
  if (device === undefined) throw new Error(`script made no pty: ${said}`);
  const exited = once(child, 'exit');
  child.stdin.on('error', () => undefined); // After the hang-up.
  return {
    device,
    output: child.stdout,
    input: child.stdin,
    async unplug() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

export interface Faults {
  /** Of a million octets, how many are lost, doubled, corrupted. */
  readonly lost: number;
  readonly doubled: number;
  readonly corrupted: number;
}

/** A deterministic source of faults (xorshift32). */
export function spoiler({ lost, doubled, corrupted }: Faults, seed: number): (octets: Uint8Array) => Uint8Array {
  let state = seed | 1;
  const below = (bound: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
  return (octets) => {
    const out: number[] = [];
    for (const octet of octets) {
      const draw = below(1_000_000);
      if (draw < lost) continue;
      if (draw < lost + doubled) out.push(octet, octet);
      else out.push(draw < lost + doubled + corrupted ? octet ^ (1 << below(8)) : octet);
    }
    return new Uint8Array(out);
  };
}

/** Joins two ptys as a bad cable does, each direction with its own faults. */
export function joinPtys(a: Pty, b: Pty, faults: Faults, seed: number): void {
  const there = spoiler(faults, seed);
  const back = spoiler(faults, seed + 1);
  a.output.on('data', (octets: Buffer) => b.input.write(there(octets)));
  b.output.on('data', (octets: Buffer) => a.input.write(back(octets)));
}
