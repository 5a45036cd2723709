/** What kernels answer to a fixed series of calls, as lines of text: the same on every implementation and engine. Portable, as firmware/core is. */
import { CodedError, hex } from '../../firmware/core/base/index.js';
import type { CurveKernels, Kernels, RouteEntry } from '../../firmware/core/ports/index.js';
import { octets, seeded } from './seeded.js';

const SEED = 5869;

function codeOf(call: () => void): string {
  try {
    call();
    return 'no error';
  } catch (error) {
    return error instanceof CodedError ? error.code : String(error);
  }
}

export function transcript(kernels: Kernels, curve: CurveKernels): string[] {
  const random = seeded(SEED);
  const lines: string[] = [];
  const digest = new Uint8Array(32);

  for (const length of [0, 1, 55, 56, 63, 64, 65, 135, 136, 137, 1024, 1025]) {
    const data = octets(random, length);
    kernels.keccak256(digest, data);
    lines.push(`keccak256 ${length} ${hex(digest)}`);
    kernels.sha256(digest, data);
    lines.push(`sha256 ${length} ${hex(digest)}`);
    kernels.hashStart(length % 2 === 0 ? 'sha256' : 'keccak256');
    for (let at = 0; at < length; at += 37) kernels.hashUpdate(data.subarray(at, at + 37));
    kernels.hashFinish(digest);
    lines.push(`running ${length} ${hex(digest)}`);
    kernels.hmacSha256(digest, data, data.subarray(length >> 1));
    lines.push(`hmac ${length} ${hex(digest)}`);
    const derived = new Uint8Array(length + 1);
    kernels.hkdfSha256(derived, data, digest, data.subarray(0, 10));
    lines.push(`hkdf ${length} ${hex(derived)}`);
    const [key, nonce, aad] = [octets(random, 32), octets(random, 12), octets(random, 21)];
    const sealed = new Uint8Array(length + 16);
    kernels.aeadSeal(sealed, key, nonce, aad, data);
    const opened = new Uint8Array(length);
    lines.push(`aead ${length} ${hex(sealed)} ${kernels.aeadOpen(opened, key, nonce, aad, sealed)} ${hex(opened)}`);
    sealed[random(sealed.length)]! ^= 1;
    lines.push(`aead ${length} ${kernels.aeadOpen(opened, key, nonce, aad, sealed)} ${hex(opened)}`);
  }

  const table = kernels.routeTable({ capacity: 8, hold: 30 });
  const ids = octets(random, 8 * 12);
  const entry: RouteEntry = {
    id: new Uint8Array(8),
    seqno: 0,
    neighbour: 0,
    metric: 0,
    alternate: 0,
    alternateMetric: 0,
    feasibleSeqno: 0,
    feasibleMetric: 0,
  };
  for (let i = 0; i < 150; i += 1) {
    const at = 8 * random(12);
    const changes: string[] = [];
    const changed = (slot: number, outcome: number): void => {
      changes.push(`${slot}:${outcome}`);
      table.announced(slot);
    };
    const outcome = table.update(ids, at, random(5), random(6), random(300), 1 + random(100), i);
    if (random(6) === 0) table.neighbourCost(random(5), random(4) === 0 ? 0xffff : 1 + random(100), changed);
    if (random(9) === 0) table.expire(i, changed);
    lines.push(
      `route ${outcome} ${table.lookup(ids, at, -1)} ${table.lookup(ids, at, 2)} ${table.find(ids, at)} ${table.size()} ${changes.join(' ')}`,
    );
    if (table.read(i & 7, entry))
      lines.push(`slot ${hex(entry.id)} ${entry.seqno} ${entry.neighbour} ${entry.metric} ${entry.alternate} ${entry.feasibleMetric}`);
  }
  const filter = kernels.duplicateFilter({ capacity: 16, window: 9 });
  for (let i = 0; i < 100; i += 1) lines.push(`seen ${filter.seen((random(4) * 0x5555_5555) >>> 0, random(8), i >> 1)}`);

  const [key, peer, shared, signature] = [new Uint8Array(33), new Uint8Array(33), new Uint8Array(33), new Uint8Array(65)];
  const [secret, other, message] = [octets(random, 32), octets(random, 32), octets(random, 32)];
  lines.push(`key ${curve.publicKey(key, secret)} ${hex(key)} ${curve.publicKey(peer, other)}`);
  lines.push(`sign ${curve.sign(signature, message, secret)} ${hex(signature)}`);
  lines.push(
    `verify ${curve.verify(signature.subarray(0, 64), message, key, true)} ${curve.verify(signature.subarray(0, 64), message, peer, true)}`,
  );
  lines.push(`recover ${curve.recover(shared, signature, message)} ${hex(shared)}`);
  lines.push(`ecdh ${curve.ecdh(shared, secret, peer)} ${hex(shared)} ${curve.ecdh(shared, new Uint8Array(32), peer)}`);

  lines.push(codeOf(() => kernels.sha256(new Uint8Array(31), key)));
  lines.push(codeOf(() => kernels.aeadSeal(new Uint8Array(16), new Uint8Array(31), new Uint8Array(12), key, new Uint8Array(0))));
  lines.push(codeOf(() => kernels.hashUpdate(key)));
  lines.push(codeOf(() => curve.sign(new Uint8Array(64), message, secret)));
  lines.push(codeOf(() => table.find(ids, ids.length - 7)));
  lines.push(codeOf(() => table.update(ids, 0, 255, 0, 0, 0, 0)));
  return lines;
}
