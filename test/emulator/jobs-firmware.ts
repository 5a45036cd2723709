/**
 * A firmware for the jobs of the XS host: signs and verifies as often as a frame says, with the board's own Signer, while its serial line and its
 * radio have work. Its counters tell what came of it.
 */
import { createNativeKernels } from '../../assembly/native/kernels.js';
import type { Handlers, Host } from '../../hosts/xs/board/host.js';
import { HostSigner, JobKind, Jobs } from '../../hosts/xs/board/ports.js';

/** A balance proof's digest would be the keccak256 of so many octets. */
const MESSAGE = new Uint8Array(180).fill(7);

export function start(host: Host): Handlers {
  const kernels = createNativeKernels(host.kernels);
  const jobs = new Jobs(host);
  const signer = new HostSigner(host, kernels, jobs);
  const counters = { signed: 0, verified: 0, refused: 0, secrets: 0, octets: 0, sum: 0, frames: 0, hashes: 0 };
  const digest = new Uint8Array(32);
  let key = new Uint8Array(33);
  signer.publicKey((mine) => (key = new Uint8Array(mine)));

  const pay = (left: number): void => {
    kernels.keccak256(digest, MESSAGE);
    signer.sign(digest, (signature) => {
      counters.signed += 1;
      const rs = signature.subarray(0, 64);
      jobs.ask(
        JobKind.verify,
        (valid) => {
          if (valid !== undefined) counters.verified += 1;
          // Another digest must not verify, and the next round must not begin before that is known.
          const other = digest.slice();
          other[0]! ^= 1;
          jobs.ask(
            JobKind.verify,
            (forged) => {
              if (forged === undefined) counters.refused += 1;
              if (left > 1) pay(left - 1);
            },
            rs,
            other,
            key,
            Uint8Array.of(1),
          );
        },
        rs,
        digest,
        key,
        Uint8Array.of(1),
      );
    });
    for (let i = 0; i < 3; i += 1) signer.ecdh(key, (shared) => void (counters.secrets += shared === undefined ? 0 : 1));
  };

  return {
    tick: () => {},
    frame: (_now, _kind, _rssi, buffer) => {
      counters.frames += 1;
      const [command, operand] = new Uint8Array(buffer, 12);
      if (command === 1) pay(operand!);
      // A turn that preempts a job hashes: the kernels' arena is shared.
      const hash = new Uint8Array(32);
      kernels.keccak256(hash, MESSAGE);
      kernels.sha256(hash, MESSAGE);
      counters.hashes += hash[0]!;
    },
    sent: () => {},
    serial: (_now, _a, _b, buffer) => {
      const octets = new Uint8Array(buffer);
      counters.octets += octets.length;
      for (let i = 0; i < octets.length; i += 1) counters.sum = (counters.sum + octets[i]!) & 0xffff;
    },
    job: (_now, id, ok, buffer) => jobs.answer(id, ok === 1, buffer),
    deadline: () => Infinity,
    counters: () => JSON.stringify(counters),
  };
}
