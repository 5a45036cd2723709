/** Our own nodes as a network under test. */
import { u32At } from '../../../firmware/core/base/index.js';
import { checkEnvelope, envelopeClass, EnvelopeClass, envelopeFlow } from '../../../firmware/core/wire/index.js';
import { capsFor } from '../../../hosts/sim/mesh.js';
import { NodeMesh, type NodeMeshOptions } from '../../../hosts/sim/node-mesh.js';
import type { MakeNetwork } from './network.js';

/** Pings of one node that may be open at once, as a box has; a board's 4 would limit the sender, not the mesh. */
const pings = 64;

export function meshbox(others: Pick<NodeMeshOptions, 'timers' | 'node' | 'hostile'> = {}): MakeNetwork {
  return ({ seed, topology, observer, answered, givenUp }) => {
    const mesh = new NodeMesh({
      seed,
      topology,
      caps: { ...capsFor(topology), pings },
      world: { observer },
      ...others,
      effect: (_, __, effect) => {
        if (effect.type === 'pong') answered(effect.token);
        else if (effect.type === 'outcome') givenUp(effect.token);
      },
    });
    const transmitters = new Set(mesh.ids.map((id) => u32At(id, 0)));
    return {
      world: mesh.world,
      reach: () => mesh.reach(),
      ask: (from, to, token) => mesh.ping(from, to, token),
      isControl: (bytes) => isControl(bytes, transmitters),
      stop: () => mesh.stop(),
    };
  };
}

/** An acknowledgement belongs to what it acknowledges: a frame that never leaves its link has the first octets of its transmitter's id as its flow. */
function isControl(bytes: Uint8Array, transmitters: ReadonlySet<number>): boolean {
  if (checkEnvelope(bytes) !== 0) return false;
  const frameClass = envelopeClass(bytes, 0);
  return frameClass === EnvelopeClass.ack ? transmitters.has(envelopeFlow(bytes, 0)) : frameClass < EnvelopeClass.sos;
}
