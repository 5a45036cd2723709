/** Small bundles for tests: real formats, made-up code. */
import { createHash } from 'node:crypto';
import { createCurveKernels } from '../../firmware/core/crypto/index.js';
import { readBundle, writeBundle, type Bundle, type BundleParts } from '../../hosts/field/flash/bundle.js';
import type { ChipId } from '../../hosts/field/flash/chips.js';
import { writeImage } from '../../hosts/field/flash/esp-image.js';
import { encodePartitions, parsePartitions } from '../../hosts/field/flash/partition-table.js';

export const curve = createCurveKernels();

export interface TestSigner {
  readonly key: Uint8Array;
  readonly hex: string;
  sign(digest: Uint8Array, done: (signature: Uint8Array) => void): void;
}

export function signer(seed: number): TestSigner {
  const secret = new Uint8Array(32).fill(seed);
  const key = new Uint8Array(33);
  curve.publicKey(key, secret);
  return {
    key,
    hex: Buffer.from(key).toString('hex'),
    sign(digest, done) {
      const signature = new Uint8Array(65);
      curve.sign(signature, digest, secret);
      done(signature);
    },
  };
}

export const project = signer(7);

const CSV = `nvs, data, nvs, 0x9000, 0x4000
otadata, data, ota, 0xd000, 0x2000
ota_0, app, ota_0, 0x10000, 0x20000
ota_1, app, ota_1, 0x30000, 0x20000
`;

/** Octets that no compressor and no erased flash looks like. */
export function filler(seed: number, length: number): Uint8Array {
  const pieces: Buffer[] = [];
  for (let at = 0; 32 * at < length; at += 1) pieces.push(createHash('sha256').update(`${seed}/${at}`).digest());
  return Buffer.concat(pieces).subarray(0, length);
}

export function parts(chip: ChipId, version: number, octets = 40_000): BundleParts {
  const image = (seed: number, length: number): Uint8Array =>
    writeImage({ chip, entry: 0x4080_0000, flashMegabytes: 4, segments: [{ address: 0x4080_0000, data: filler(seed, length) }] });
  const images = {
    bootloader: image(1, 6_000),
    partitions: encodePartitions(parsePartitions('test', CSV)),
    app: image(1_000 + version, octets),
  };
  return { board: `${chip}-test`, chip, version: `0.0.${version}`, flashMegabytes: 4, images };
}

export async function bundle(chip: ChipId, version: number, octets?: number): Promise<Bundle> {
  return readBundle('test.mbfw', await writeBundle(parts(chip, version, octets), project), { curve, keys: [project.hex] });
}
