/** A routing message as a frame for one neighbour or everyone on a link. */
import { ByteWriter, u32At } from '../base/index.js';
import { EVERYONE, Rank, type Link, type LinkKind, type Submit } from '../link/index.js';
import { encodeRouting, ENVELOPE_OCTETS, EnvelopeClass, EnvelopeFlag, writeEnvelope, type Routing } from '../wire/index.js';

const ALL_NODES = new Uint8Array([255, 255, 255, 255, 255, 255, 255, 255]);

export interface Numbering {
  /** An update's number; for a frame to one neighbour anything that its acknowledgement can name. */
  readonly counter: number;
  /** An update that says nothing new: the number is that of the last one that did. Travels as the envelope's retry flag. */
  readonly repeats: boolean;
}

/** id: ours. */
export function routingFrame(
  link: Link,
  id: Uint8Array,
  neighbour: number,
  kind: LinkKind,
  message: Routing,
  { counter, repeats }: Numbering,
): Submit {
  const flags = repeats ? EnvelopeFlag.retry : 0;
  const destination = neighbour === EVERYONE ? ALL_NODES : link.neighbours.id(neighbour);
  const w = new ByteWriter(new Uint8Array(link.mtu(kind)));
  writeEnvelope(w.buffer, 0, { class: EnvelopeClass.routing, hopLimit: 0, flags, destination, flow: u32At(id, 0), counter });
  w.at = ENVELOPE_OCTETS;
  encodeRouting(w, message);
  return { type: 'submit', neighbour, link: kind, rank: Rank.Control, frame: w.written(), from: -1, reroutes: 0 };
}

/** The bare envelope, to everyone: "I am here, and this is the number of my last news." */
export function helloFrame(link: Link, id: Uint8Array, kind: LinkKind): Submit {
  const frame = new Uint8Array(ENVELOPE_OCTETS);
  writeEnvelope(frame, 0, {
    class: EnvelopeClass.routing,
    hopLimit: 0,
    flags: EnvelopeFlag.retry,
    destination: ALL_NODES,
    flow: u32At(id, 0),
    counter: link.updateNumber,
  });
  return { type: 'submit', neighbour: EVERYONE, link: kind, rank: Rank.Control, frame, from: -1, reroutes: 0 };
}
