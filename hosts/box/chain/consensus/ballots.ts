/** Attestations heard, by link and by holder: quorums, and holders who contradict themselves. */
import { hex } from '../../../../firmware/core/base/index.js';
import type { Attestation, Certificate } from '../../../../firmware/core/wire/index.js';
import type { Evidence } from './block.js';
import { conflicting, ofAttestations } from './evidence.js';
import type { Link } from './hashes.js';
import { areQuorum, seatsOf, type Reign } from './reign.js';

/** Attestations kept of one holder: twice what it may cast between two final blocks of a healthy chain, many times over. */
const OF_ONE = 64;

interface Vote {
  readonly key: Uint8Array;
  readonly attestation: Attestation;
}

export class Ballots {
  readonly #byLink = new Map<string, Map<string, Vote>>();
  /** Oldest first. */
  readonly #byKey = new Map<string, Attestation[]>();

  /** True if it is new. `found`: proof that its holder equivocates. */
  add(key: Uint8Array, attestation: Attestation, found: (evidence: Evidence) => void): boolean {
    const name = hex(key);
    const link = nameOf(attestation);
    const votes = this.#byLink.get(link) ?? new Map<string, Vote>();
    if (votes.has(name)) return false;
    const own = this.#byKey.get(name) ?? [];
    const other = own.find((each) => conflicting(each, attestation));
    if (other) found(ofAttestations(other, attestation));
    votes.set(name, { key, attestation });
    this.#byLink.set(link, votes);
    own.push(attestation);
    this.#byKey.set(name, own);
    if (own.length > OF_ONE) this.#drop(name, own.shift()!);
    return true;
  }

  #drop(name: string, attestation: Attestation): void {
    const link = nameOf(attestation);
    const votes = this.#byLink.get(link);
    votes?.delete(name);
    if (votes?.size === 0) this.#byLink.delete(link);
  }

  /** A certificate of the link under the committees of its target, if there is a quorum. */
  certificate(link: Link, reign: Reign): Certificate | undefined {
    const votes = [...(this.#byLink.get(nameOf(link))?.values() ?? [])].filter(({ key }) => seatsOf(reign, key).first >= 0);
    if (
      !areQuorum(
        reign,
        votes.map(({ key }) => key),
      )
    )
      return undefined;
    const { sourceNumber, source, targetNumber, target } = link;
    const signatures = votes
      .map(({ key, attestation }) => ({ seat: seatsOf(reign, key).first, signature: attestation.signature.subarray(0, 64) }))
      .sort((a, b) => a.seat - b.seat);
    return { kind: 'certificate', sourceNumber, source, targetNumber, target, signatures };
  }

  /** Links to this target that somebody attested. */
  linksTo(target: Uint8Array): Link[] {
    const name = hex(target);
    return [...this.#byLink.entries()].flatMap(([link, votes]) => (link.endsWith(name) ? [[...votes.values()][0]!.attestation] : []));
  }

  /** Forgets what is below the last final block. */
  prune(number: number): void {
    for (const [name, own] of this.#byKey) {
      while (own.length > 0 && own[0]!.targetNumber < number) this.#drop(name, own.shift()!);
      if (own.length === 0) this.#byKey.delete(name);
    }
  }
}

function nameOf({ sourceNumber, source, targetNumber, target }: Link): string {
  return `${sourceNumber} ${hex(source)} ${targetNumber} ${hex(target)}`;
}
