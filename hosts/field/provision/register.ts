/**
 * The owner's register of an island: which key is which box, and which keys count no more. One line a record, each signed by the owner's key and numbered; records
 * are only added. `grant` binds a board's key to a name, a role and the radio rules of a country; `revoke` ends a key for good and may name its successor.
 *
 *   sha256("MeshBox register 1\n" | the record as JSON without its signature), r | s with low s
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCurveKernels, createKernels } from '../../../firmware/core/crypto/index.js';
import { hex } from '../../../firmware/core/base/index.js';
import { openFileSigner, Problem, systemCode, writeDurably, type FileSigner } from '../../node/index.js';
import type { Region } from '../region.js';

export const boxRoles = ['gateway', 'box', 'relay'] as const;
export type BoxRole = (typeof boxRoles)[number];

export interface Grant {
  readonly kind: 'grant';
  readonly number: number;
  /** Compressed public key of the board, hexadecimal. */
  readonly key: string;
  readonly name: string;
  readonly role: BoxRole;
  readonly country: string;
  /** dBm radiated, and the highest channel. */
  readonly eirp: number;
  readonly channels: number;
}

export interface Revocation {
  readonly kind: 'revoke';
  readonly number: number;
  readonly key: string;
  readonly reason: 'stolen' | 'broken' | 'retired';
  /** Key of the box that takes its place. */
  readonly successor?: string;
}

type Signed<T> = T & { readonly signature: string };
export type Entry = Signed<Grant | Revocation>;

const DOMAIN = 'MeshBox register 1\n';

export class Register {
  readonly owner: FileSigner;
  readonly entries: readonly Entry[];
  readonly #file: string;

  private constructor(owner: FileSigner, file: string, entries: readonly Entry[]) {
    this.owner = owner;
    this.#file = file;
    this.entries = entries;
  }

  /** Makes the owner's key at the first use. Fails with a Problem `register-damaged` if one record is not the owner's or is missing. */
  static async open(folder: string): Promise<Register> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const curve = createCurveKernels();
    const owner = await openFileSigner(join(folder, 'owner.key'), { curve, hashes: createKernels() });
    const file = join(folder, 'register');
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return '';
      throw error;
    });
    const entries = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line, index) => {
        const entry = parse(line);
        if (
          entry === undefined ||
          entry.number !== index + 1 ||
          !curve.verify(Buffer.from(entry.signature, 'hex'), digestOf(entry), owner.key, true)
        )
          throw new Problem(
            'register-damaged',
            `record ${index + 1} of ${file} is not one that this owner signed`,
            'Restore the file from a box or a backup; never edit it by hand.',
          );
        return entry;
      });
    return new Register(owner, file, entries);
  }

  /** Boxes that count: granted and not revoked. */
  boxes(): Grant[] {
    const gone = new Set(this.entries.filter(({ kind }) => kind === 'revoke').map(({ key }) => key));
    return this.entries.filter((entry): entry is Signed<Grant> => entry.kind === 'grant' && !gone.has(entry.key));
  }

  /** Binds a key. Fails with `same-key`, `name-taken` or `revoked`; nothing is written then. */
  async grant(key: string, name: string, role: BoxRole, { country, eirp, channels }: Region): Promise<Register> {
    this.#mayGrant(key, name);
    return this.#add({ kind: 'grant', number: this.entries.length + 1, key, name, role, country, eirp, channels });
  }

  /** Ends the box of that name and lets another key take its place under the name, the role and the rules of the old one. */
  async replace(name: string, reason: Revocation['reason'], successor?: string): Promise<Register> {
    const old = this.boxes().find((box) => box.name === name);
    if (!old)
      throw new Problem(
        'not-found',
        `no box of this island is called ${name}`,
        `Its boxes: ${
          this.boxes()
            .map((box) => box.name)
            .join(', ') || 'none yet'
        }.`,
      );
    const { role, country, eirp, channels } = old;
    const number = this.entries.length + 1;
    if (successor === undefined) return this.#add({ kind: 'revoke', number, key: old.key, reason });
    this.#mayGrant(successor, undefined);
    // One write for both: a cut never leaves the place empty.
    return this.#add(
      { kind: 'revoke', number, key: old.key, reason, successor },
      { kind: 'grant', number: number + 1, key: successor, name, role, country, eirp, channels },
    );
  }

  #mayGrant(key: string, name: string | undefined): void {
    if (this.entries.some((entry) => entry.kind === 'revoke' && entry.key === key))
      throw new Problem(
        'revoked',
        `the board ${idOf(key)} was revoked`,
        'A revoked key never comes back. Erase the board (`meshbox flash` after erasing its keys) so that it makes a new one.',
      );
    const same = this.boxes().find((box) => box.key === key);
    if (same)
      throw new Problem(
        'same-key',
        `the board ${idOf(key)} is ${same.name} already`,
        'If this is another board, both hold one key: one is a copy. Erase its keys so that it makes its own; two boards with one key break the mesh for each other.',
      );
    if (name !== undefined && this.boxes().some((box) => box.name === name))
      throw new Problem(
        'name-taken',
        `another box of this island is called ${name}`,
        `Choose another name, or \`meshbox replace\` ${name}.`,
      );
  }

  async #add(...records: readonly (Grant | Revocation)[]): Promise<Register> {
    const signed = records.map(async (record): Promise<Entry> => {
      const signature = await new Promise<Uint8Array>((resolve) => this.owner.sign(digestOf(record), resolve));
      return { ...record, signature: hex(signature.subarray(0, 64)) };
    });
    const entries = [...this.entries, ...(await Promise.all(signed))];
    await writeDurably(this.#file, Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')));
    return new Register(this.owner, this.#file, entries);
  }
}

/** Node id of a key, 16 hexadecimal digits. */
export function idOf(key: string): string {
  return createHash('sha256').update(Buffer.from(key, 'hex')).digest('hex').slice(0, 16);
}

function digestOf(record: (Grant | Revocation) & { readonly signature?: string }): Uint8Array {
  const text = JSON.stringify({ ...record, signature: undefined });
  return createHash('sha256').update(DOMAIN).update(text).digest();
}

function parse(line: string): Entry | undefined {
  try {
    const entry = JSON.parse(line) as Entry;
    return typeof entry.signature === 'string' && typeof entry.key === 'string' ? entry : undefined;
  } catch {
    return undefined;
  }
}
