/** The media of a node, in the order in which they take turns. */
import { CodedError, type Prng } from '../base/index.js';
import { LINK_KINDS, type LinkKind } from './link-kind.js';
import { Medium } from './medium.js';

export type MediaOptions = Readonly<Partial<Record<LinkKind, { readonly mtu: number; readonly mac: Uint8Array }>>>;

export class Media {
  readonly all: readonly Medium[];
  /** The largest frame of any of them. */
  readonly frameOctets: number;

  constructor(options: MediaOptions, prng: Prng) {
    const all: Medium[] = [];
    let largest = 0;
    for (const kind of LINK_KINDS) {
      const medium = options[kind];
      if (medium === undefined) continue;
      if (medium.mtu < 64 || medium.mtu > 2048) throw new CodedError('link-mtu', `${kind}: ${medium.mtu} is not in 64..2048`);
      if (medium.mac.length !== 6) throw new CodedError('link-mac', `${kind}: an address has 6 octets, not ${medium.mac.length}`);
      all.push(new Medium(kind, medium.mtu, medium.mac, prng));
      if (medium.mtu > largest) largest = medium.mtu;
    }
    if (all.length === 0) throw new CodedError('link-none', 'a node needs at least one link');
    this.all = all;
    this.frameOctets = largest;
  }

  of(kind: LinkKind): Medium {
    for (let i = 0, count = this.all.length; i < count; i += 1) {
      const medium = this.all[i]!;
      if (medium.kind === kind) return medium;
    }
    throw new CodedError('link-kind', `this node has no ${kind} link`);
  }

  /** Kinds of link that are up. */
  kindsUp(): LinkKind[] {
    return this.all.filter((medium) => medium.up).map((medium) => medium.kind);
  }

  /** Whether the kind's driver would take a frame now. */
  isIdle(kind: LinkKind): boolean {
    const medium = this.of(kind);
    return medium.up && !medium.busy;
  }
}
