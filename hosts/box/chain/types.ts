/** What the HTTP API says of the chain: for the command line and the console. Hashes and addresses are hexadecimal with 0x in front, times in seconds since 1970. */
export interface ChainStatus {
  readonly name: string;
  readonly chainId: number;
  /** A chain for trying things out: what is on it is worth nothing. */
  readonly development: boolean;
  readonly genesis: string;
  readonly head: BlockName;
  readonly final: BlockName;
  /** The newest final header is younger than 180 s. */
  readonly effective: boolean;
  readonly epoch: number;
  /** Boxes with a weight. */
  readonly boxes: number;
  /** This box may be drawn, and its clock agrees with the others'. */
  readonly producing: boolean;
  /** Seconds by which the clock is wrong; 0: it agrees. */
  readonly clockWrong: number;
  readonly waiting: number;
  /** Transactions of lost branches that cannot be included again. */
  readonly conflicts: number;
  readonly peers: number;
  readonly addresses: readonly string[];
}

export interface BlockName {
  readonly number: number;
  /** Of the outer header. */
  readonly hash: string;
  /** Of the execution header: the block hash of eth_*. */
  readonly payload: string;
  readonly time: number;
}

export interface BlockSummary extends BlockName {
  /** 0: the drawn proposer's; 1 to 3: a stand-in's. */
  readonly step: number;
  readonly proposer: string;
  readonly transactions: number;
  readonly gasUsed: number;
  readonly final: boolean;
}

export interface ChainPeer {
  readonly id: string;
  readonly address: string;
  readonly head?: number;
  readonly final?: number;
}

export interface WeightInfo {
  readonly key: string;
  readonly weight: number;
  readonly payee: string;
  /** Of 17 in the committee in force. */
  readonly seats: number;
}

export interface VerifyReport {
  /** Headers whose hash and parent fit, from the head down. */
  readonly headers: number;
  /** Blocks that were run again with the same result. */
  readonly blocks: number;
  /** Nodes of the final state whose hash fits. */
  readonly nodes: number;
}
