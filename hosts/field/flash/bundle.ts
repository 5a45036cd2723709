/**
 * A firmware bundle: everything that a board needs, in one signed file (`.mbfw`).
 *
 *   "MBFW" 1 | length of the manifest, u32 | manifest, JSON in UTF-8 | signature 64 | images, one after the other
 *
 * The signature (r | s, low s) is over sha256("MeshBox firmware bundle 1\n" | manifest), and the manifest holds length and sha256 of every image: one octet changed
 * anywhere and the bundle is refused before a board is touched.
 */
import { createHash } from 'node:crypto';
import { hex } from '../../../firmware/core/base/index.js';
import type { CurveKernels } from '../../../firmware/core/ports/index.js';
import { Problem } from '../../node/index.js';
import { isChip, type ChipId } from './chips.js';
import { readImage } from './esp-image.js';
import { decodePartitions, slotsOf, TABLE_LENGTH, type Partition } from './partition-table.js';

const MAGIC = Buffer.from([0x4d, 0x42, 0x46, 0x57, 1]);
const DOMAIN = 'MeshBox firmware bundle 1\n';
const SIGNATURE = 64;
const LONGEST_MANIFEST = 16_384;

export const roles = ['bootloader', 'partitions', 'app'] as const;
export type ImageRole = (typeof roles)[number];

export interface Manifest {
  readonly format: 1;
  readonly board: string;
  readonly chip: ChipId;
  readonly version: string;
  readonly flashMegabytes: number;
  /** Compressed public key of whoever signed it, hexadecimal. */
  readonly signer: string;
  readonly images: readonly { readonly role: ImageRole; readonly octets: number; readonly sha256: string }[];
}

export interface Bundle {
  readonly manifest: Manifest;
  readonly partitions: readonly Partition[];
  readonly images: Readonly<Record<ImageRole, Uint8Array>>;
}

export type Signatory = { readonly key: Uint8Array; sign(digest: Uint8Array, done: (signature: Uint8Array) => void): void };

export interface BundleParts {
  readonly board: string;
  readonly chip: ChipId;
  readonly version: string;
  readonly flashMegabytes: number;
  readonly images: Readonly<Record<ImageRole, Uint8Array>>;
}

const sha256 = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');
const digestOf = (manifest: Uint8Array): Uint8Array => createHash('sha256').update(DOMAIN).update(manifest).digest();

export async function writeBundle({ images, ...parts }: BundleParts, signatory: Signatory): Promise<Uint8Array> {
  const manifest: Manifest = {
    format: 1,
    ...parts,
    signer: hex(signatory.key),
    images: roles.map((role) => ({ role, octets: images[role].length, sha256: sha256(images[role]) })),
  };
  const text = Buffer.from(JSON.stringify(manifest));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  const signature = await new Promise<Uint8Array>((resolve) => signatory.sign(digestOf(text), resolve));
  const octets = Buffer.concat([MAGIC, length, text, signature.subarray(0, SIGNATURE), ...roles.map((role) => images[role])]);
  // What is written is what would be accepted: a bundle that contradicts itself never leaves the workshop.
  checkParts({ manifest, images, partitions: decodePartitions(images.partitions) ?? [] });
  return octets;
}

export interface Trust {
  readonly curve: CurveKernels;
  /** Compressed public keys, hexadecimal. */
  readonly keys: readonly string[];
}

/** Fails with a Problem `bundle-format`, `bundle-forged`, `bundle-foreign` or `bundle-parts`. */
export function readBundle(file: string, octets: Uint8Array, { curve, keys }: Trust): Bundle {
  const { manifest, text, signature, rest } = split(file, octets);
  const key = Buffer.from(manifest.signer, 'hex');
  if (key.length !== 33 || !curve.verify(signature, digestOf(text), key, true))
    throw new Problem('bundle-forged', `${file} was changed after it was signed`, 'Get it again from whoever made it. Do not flash it.');
  if (!keys.includes(manifest.signer))
    throw new Problem(
      'bundle-foreign',
      `${file} is signed by ${manifest.signer.slice(0, 16)}…, whom this machine does not trust`,
      `If that is right, add --trust ${manifest.signer}; ask whoever gave you the bundle to read the key to you.`,
    );
  const images: Partial<Record<ImageRole, Uint8Array>> = {};
  let at = 0;
  for (const { role, octets: length, sha256: expected } of manifest.images) {
    const image = rest.subarray(at, (at += length));
    if (image.length !== length || sha256(image) !== expected)
      throw new Problem(
        'bundle-forged',
        `the ${role} in ${file} is not the one that was signed`,
        'Get the bundle again; a download that was cut short looks like this.',
      );
    images[role] = image;
  }
  const whole = images as Record<ImageRole, Uint8Array>;
  const bundle = { manifest, images: whole, partitions: decodePartitions(whole.partitions.subarray(0, TABLE_LENGTH)) ?? [] };
  checkParts(bundle);
  return bundle;
}

function split(file: string, octets: Uint8Array): { manifest: Manifest; text: Uint8Array; signature: Uint8Array; rest: Uint8Array } {
  const bad = (says: string): Problem =>
    new Problem('bundle-format', `${file} is no firmware bundle: ${says}`, 'Make one with `npm run firmware`, or name the .mbfw file.');
  if (octets.length < MAGIC.length + 4 || !MAGIC.equals(octets.subarray(0, MAGIC.length))) throw bad('it does not begin as one');
  const length = Buffer.from(octets).readUInt32BE(MAGIC.length);
  const from = MAGIC.length + 4;
  if (length > LONGEST_MANIFEST || from + length + SIGNATURE > octets.length) throw bad('it is cut short');
  const text = octets.subarray(from, from + length);
  let manifest: Manifest;
  try {
    manifest = JSON.parse(Buffer.from(text).toString()) as Manifest;
  } catch {
    throw bad('its manifest is not JSON');
  }
  const listed = Array.isArray(manifest.images) ? manifest.images.map(({ role }) => role) : [];
  if (
    manifest.format !== 1 ||
    !isChip(String(manifest.chip)) ||
    typeof manifest.signer !== 'string' ||
    roles.some((role, index) => listed[index] !== role)
  )
    throw bad('its manifest is of a kind that this version does not know');
  return {
    manifest,
    text,
    signature: octets.subarray(from + length, from + length + SIGNATURE),
    rest: octets.subarray(from + length + SIGNATURE),
  };
}

/** The parts fit each other: one chip, one table, slots that hold the app. */
function checkParts({ manifest, images, partitions }: Bundle): void {
  const bad = (says: string): Problem =>
    new Problem('bundle-parts', `the bundle for ${manifest.board} contradicts itself: ${says}`, 'Build it again with `npm run firmware`.');
  const slots = slotsOf(partitions);
  if (slots.length < 2) throw bad('its partition table has not two slots for the firmware');
  const end = Math.max(...partitions.map(({ at, size }) => at + size));
  if (end > manifest.flashMegabytes * 1_048_576)
    throw bad(`its partitions end at 0x${end.toString(16)}, beyond ${manifest.flashMegabytes} MB`);
  for (const role of ['bootloader', 'app'] as const) {
    const { chip } = readImage(role, images[role]);
    if (chip !== manifest.chip) throw bad(`its ${role} is for ${chip}`);
  }
  if (slots.some(({ size }) => images.app.length > size)) throw bad(`its app has ${images.app.length} octets, more than a slot holds`);
}
