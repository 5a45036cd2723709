/**
 * Hard caps of a node's tables and queues, by role. On a board they are memory: 20 neighbours 1.9 KB and 2.7 KB of keys, 2 handshakes 0.8 KB, 128 routes 4 KB and 1.3 KB beside them, 24 frames
 * of 250 octets 6.4 KB, 256 packets against duplicates 2 KB; the C3's pools hold 72 to 80 KB in all.
 */
import type { Role } from '../wire/index.js';

export interface NodeCaps {
  readonly neighbours: number;
  /** Handshakes with neighbours under way at once, 0.4 KB each. */
  readonly handshakes: number;
  /** Destinations, a power of two. */
  readonly destinations: number;
  /** Frames on their way to a neighbour. */
  readonly queue: number;
  /** Packets remembered against duplicates, a power of two. */
  readonly duplicates: number;
  /** Messages of ours not answered yet. */
  readonly outgoing: number;
  readonly pings: number;
  /** Correspondents whose round trip and window are remembered. */
  readonly paths: number;
  /** Messages remembered as handed over. */
  readonly delivered: number;
  /** Messages arriving in pieces at once, octets of one message (either way), octets of all arriving ones. */
  readonly messages: number;
  readonly messageOctets: number;
  readonly octets: number;
  /** Who asked for a report that still waits for the health reading. */
  readonly reports: number;
}

const board: NodeCaps = {
  neighbours: 20,
  handshakes: 2,
  destinations: 128,
  queue: 24,
  duplicates: 256,
  outgoing: 4,
  pings: 4,
  paths: 4,
  delivered: 32,
  messages: 4,
  messageOctets: 2048,
  octets: 4096,
  reports: 4,
};

const box: NodeCaps = {
  neighbours: 32,
  handshakes: 8,
  destinations: 512,
  queue: 128,
  duplicates: 2048,
  outgoing: 64,
  pings: 64,
  paths: 128,
  delivered: 1024,
  messages: 64,
  messageOctets: 5120,
  octets: 262_144,
  reports: 16,
};

/** A phone: few links and no routes, but whole files block by block. */
const leaf: NodeCaps = {
  ...board,
  neighbours: 8,
  handshakes: 2,
  destinations: 1,
  queue: 32,
  delivered: 256,
  messages: 16,
  messageOctets: 5120,
  octets: 65_536,
};

export const defaultCaps: Readonly<Record<Role, NodeCaps>> = { box, board, leaf };
