/**
 * Consensus of the boxes: a machine (handle, poll, deadline) on wall time in milliseconds. It decides who makes the next block, which branch counts, what is final.
 * Sources: Casper FFG (Buterin and Griffith 2017) for votes, justification and finality, with its stitching of committees; slots, stand-ins and
 * committee size of the original chain.
 *
 *   a block      heard -> (parent known) -> header checked -> executed -> kept -> in the tree
 *   a slot       idle -> proving -> building -> sealing -> guarded -> announced
 *   a vote       idle -> signing -> guarded -> announced
 *
 * A box signs at most one header for a slot and one vote for a height, and never a vote around an earlier one: the guard of both is on disk before a
 * signature leaves.
 */
import { CodedError, hex } from '../../../../firmware/core/base/index.js';
import type { Attestation, Certificate, OuterHeader } from '../../../../firmware/core/wire/index.js';
import { Ballots } from './ballots.js';
import { EVIDENCE_MAX, type ChainBlock, type Evidence } from './block.js';
import { drawProposers, type Weight } from './draw.js';
import { offenderOf, ofHeaders } from './evidence.js';
import { Hashes, type ConsensusCrypto, type Link } from './hashes.js';
import type { Effect, Guard, Input, Peer } from './inputs.js';
import { certificateFault, nextReign, seatsOf, weightsRoot, type Reign } from './reign.js';
import { Slots, type SlotParams } from './slots.js';
import { Tree, way, type NewNode, type TreeNode } from './tree.js';

/** Blocks whose parent is not here yet: two epochs. */
const ORPHANS = 68;
/** Hashes of blocks that were refused, so that nobody makes us run one twice. */
const REFUSED = 1_024;
/** A head is attested for so many slots: older ones are history that is being fetched. */
const FRESH_SLOTS = 4;
/** Clocks of boxes may differ by so much before a block counts as early (NTP keeps milliseconds, a phone's time a second). */
const EARLY_MILLIS = 1_000;
/** Blocks in a row that come more than a slot too early or too late before the clock is called wrong. */
const CLOCK_SAMPLES = 3;

export interface ConsensusOptions extends SlotParams {
  /** Hash of the header of number 0. */
  readonly genesis: Uint8Array;
  /** Blocks of an epoch. */
  readonly epoch: number;
  /** Slots that may pass without a block while there is nothing to include. */
  readonly rest: number;
  /** Who may be drawn, but for those that are barred. */
  readonly weights: readonly Weight[];
  /** The last final block that is stored. */
  readonly root: NewNode;
  /** Compressed key of this box; undefined: it only follows. */
  readonly key?: Uint8Array;
  readonly guard: Guard;
  readonly crypto: ConsensusCrypto;
}

type Proposal =
  | { readonly state: 'proving'; readonly parent: TreeNode; readonly time: number }
  | {
      readonly state: 'building';
      readonly parent: TreeNode;
      readonly time: number;
      readonly proof: Uint8Array;
      readonly random: Uint8Array;
    }
  | {
      readonly state: 'sealing' | 'guarding';
      readonly parent: TreeNode;
      readonly block: ChainBlock;
      readonly reign: Reign;
      readonly random: Uint8Array;
      readonly hash: Uint8Array;
    };

type Vote = { readonly state: 'signing'; readonly link: Link } | { readonly state: 'guarding'; readonly attestation: Attestation };

interface Running {
  readonly block: ChainBlock;
  readonly parent: TreeNode;
  readonly random: Uint8Array;
  readonly from: Peer | undefined;
  reign?: Reign;
}

export class Consensus {
  readonly hashes: Hashes;
  readonly tree: Tree;
  readonly slots: Slots;
  readonly #options: ConsensusOptions;
  readonly #ballots = new Ballots();
  readonly #effects: Effect[] = [];
  /** By the name of the parent. */
  readonly #orphans = new Map<string, { readonly block: ChainBlock; readonly from: Peer | undefined; readonly live: boolean }[]>();
  /** By name: being executed or stored. */
  readonly #running = new Map<string, Running>();
  readonly #refused = new Set<string>();
  /** Headers that were sealed for the same slot, by key and slot, above the root. */
  readonly #sealed = new Map<string, OuterHeader>();
  #evidence: Evidence[] = [];
  #offenders = new Set<string>();
  #early: { readonly at: number; readonly block: ChainBlock; readonly from: Peer | undefined }[] = [];
  #head: TreeNode;
  #guard: Guard;
  #proposal: Proposal | undefined;
  #vote: Vote | undefined;
  /** Slot for which this box has done its part or given up. */
  #done = -1;
  #drawn: { readonly parent: TreeNode; readonly slot: number; readonly weights: readonly Weight[] } | undefined;
  #clock = { samples: [] as number[], wrong: 0 };
  #now = 0;
  /** From the first tick on: what is restored from disk was acted upon before. */
  #acts = false;

  constructor(options: ConsensusOptions) {
    this.#options = options;
    this.hashes = new Hashes(options.crypto, options.genesis);
    this.slots = new Slots(options);
    this.tree = new Tree(options.root);
    this.#head = this.tree.head;
    this.#guard = options.guard;
  }

  get head(): TreeNode {
    return this.#head;
  }

  get final(): TreeNode {
    return this.tree.root;
  }

  /** Whether it waits for nothing: no block is being run, no slot or vote under way. */
  get idle(): boolean {
    return this.#running.size === 0 && !this.#proposal && !this.#vote;
  }

  poll(): Effect | undefined {
    return this.#effects.shift();
  }

  deadline(): number {
    const early = Math.min(...this.#early.map(({ at }) => at));
    return Math.min(this.slots.next(this.#now), early);
  }

  handle(now: number, input: Input): void {
    this.#now = now;
    switch (input.type) {
      case 'tick':
        this.#acts = true;
        this.#arrive();
        break;
      case 'block':
        this.#onBlock(input.block, input.from, input.live);
        break;
      case 'attestation':
        this.#onAttestation(input.attestation, input.from);
        break;
      case 'certificate':
        this.#onCertificate(input.certificate, input.from);
        break;
      case 'restored':
        this.#onRestored(input.block, input.reign);
        break;
      case 'restored-final':
        this.#onRestoredFinal(input.hash);
        break;
      case 'executed':
        this.#onExecuted(input.hash);
        break;
      case 'refused':
        this.#refuse(input.hash, this.#take(input.hash)?.from, input.reason);
        break;
      case 'kept':
        this.#onKept(input.hash);
        break;
      case 'proved':
        this.#onProved(input.proof);
        break;
      case 'built':
        this.#onBuilt(input);
        break;
      case 'rested':
        this.#rest();
        break;
      case 'signed':
        if (input.what === 'block') this.#onSealed(input.signature);
        else this.#onVoteSigned(input.signature);
        break;
      case 'guarded':
        if (input.what === 'block') this.#onBlockGuarded();
        else this.#onVoteGuarded();
        break;
    }
    this.#follow();
    if (!this.#acts) return;
    this.#propose();
    this.#attest();
  }

  // Blocks

  #onBlock(block: ChainBlock, from: Peer | undefined, live: boolean): void {
    const hash = Hashes.header(this.#options.crypto, block.header);
    const name = hex(hash);
    if (this.tree.get(hash) || this.#running.has(name)) return;
    if (this.#refused.has(name)) return this.#penalise(from, 'it sends a block that was refused before');
    if (block.header.number <= this.final.header.number) return;
    const parent = this.tree.get(block.header.parent);
    if (!parent) return this.#orphan(block, from, live);
    const early = block.header.time * 1000 - this.#now;
    const fault = this.#headerFault(block, hash, parent);
    if (typeof fault === 'string') return this.#refuse(hash, from, fault);
    if (live) this.#sample(early);
    if (early > EARLY_MILLIS) return this.#hold(block, from, early);
    this.#running.set(name, { block, parent, random: fault.random, from });
    this.#effects.push({ type: 'execute', hash, block, parent, random: fault.random, payee: fault.proposer.payee });
  }

  #orphan(block: ChainBlock, from: Peer | undefined, live: boolean): void {
    const parent = hex(block.header.parent);
    const waiting = this.#orphans.get(parent) ?? [];
    const hash = Hashes.header(this.#options.crypto, block.header);
    if (waiting.some((each) => hex(Hashes.header(this.#options.crypto, each.block.header)) === hex(hash))) return;
    if (this.#orphans.size >= ORPHANS) this.#orphans.delete(this.#orphans.keys().next().value!);
    this.#orphans.set(parent, [...waiting, { block, from, live }]);
    if (from !== undefined && !this.#running.has(parent)) this.#effects.push({ type: 'want', hash: block.header.parent, from });
  }

  /** A block of the next slots waits for its time, one that is further off is forgotten. */
  #hold(block: ChainBlock, from: Peer | undefined, early: number): void {
    if (early <= this.slots.slotMillis && this.#early.length < ORPHANS) this.#early.push({ at: this.#now + early, block, from });
  }

  #arrive(): void {
    const due = this.#early.filter(({ at }) => at <= this.#now);
    this.#early = this.#early.filter(({ at }) => at > this.#now);
    for (const { block, from } of due) this.#onBlock(block, from, false);
  }

  /** Why the header may not follow its parent, or who proposed it and its random output. */
  #headerFault(block: ChainBlock, hash: Uint8Array, parent: TreeNode): string | { readonly proposer: Weight; readonly random: Uint8Array } {
    const { header, certificate, evidence } = block;
    const { crypto } = this.#options;
    if (header.number !== parent.header.number + 1) return `its number is ${header.number} after ${parent.header.number}`;
    const [slot, step] = [this.slots.slotOf(header.time), this.slots.stepOf(header.time)];
    if (slot <= this.slots.slotOf(parent.header.time)) return 'its slot is not after its parent’s';
    if (step === undefined) return `nobody may propose at ${header.time}`;
    const proposer = this.#proposers(parent, slot)[step];
    if (!proposer || hex(header.proposer) !== hex(crypto.addressOf(proposer.key))) return `it was not drawn for slot ${slot}, step ${step}`;
    const sealer = crypto.recoverKey(header.seal, this.hashes.seal(hash));
    if (!sealer || hex(sealer) !== hex(proposer.key)) return 'its seal is not its proposer’s';
    const random = crypto.verifyProof(proposer.key, this.hashes.randomInput(parent.random, header.time), header.proof);
    if (!random) return 'its random output is not proven';
    this.#noteSealed(proposer.key, slot, header, hash);
    const wrong = certificate && this.#certificateFault(certificate, parent);
    if (wrong !== undefined) return `its certificate does not hold: ${wrong}`;
    for (const each of evidence)
      if (!offenderOf(each, this.hashes, crypto, (time) => this.slots.slotOf(time)))
        return 'its evidence of an equivocation proves nothing';
    return { proposer, random };
  }

  /** Why a certificate may not stand in a child of `node`. Every box must come to the same answer, whatever it knows to be final. */
  #certificateFault(certificate: Certificate, node: TreeNode): string | undefined {
    if (certificate.targetNumber <= node.reign.justified) return 'the chain holds a newer one';
    const target = this.tree.ancestor(node, certificate.targetNumber);
    if (!target || hex(target.hash) !== hex(certificate.target)) return 'its target is not an ancestor';
    const source = this.tree.ancestor(target, certificate.sourceNumber);
    if (!source || hex(source.hash) !== hex(certificate.source)) return 'its source is not an ancestor of its target';
    return certificateFault(target.reign, certificate, this.hashes, this.#options.crypto);
  }

  /** Two headers for one slot under one key are proof enough, whatever becomes of the blocks. */
  #noteSealed(key: Uint8Array, slot: number, header: OuterHeader, hash: Uint8Array): void {
    const name = `${hex(key)} ${slot}`;
    const other = this.#sealed.get(name);
    if (!other) this.#sealed.set(name, header);
    else if (hex(Hashes.header(this.#options.crypto, other)) !== hex(hash)) this.#accuse(key, ofHeaders(other, header));
  }

  #accuse(key: Uint8Array, evidence: Evidence): void {
    if (this.#offenders.has(hex(key))) return;
    this.#offenders.add(hex(key));
    this.#evidence.push(evidence);
    this.#effects.push({ type: 'equivocation', key, evidence });
  }

  #onExecuted(hash: Uint8Array): void {
    const running = this.#running.get(hex(hash));
    if (!running) throw new CodedError('consensus-input', 'a block was executed that nobody asked for');
    const { block, parent, random, from } = running;
    const reign = this.#reignAfter(parent, block, random);
    const root = weightsRoot(reign, this.#options.crypto.keccak256);
    if (hex(root) !== hex(block.header.weights)) {
      this.#take(hash);
      return this.#refuse(hash, from, `its weights root is ${hex(block.header.weights)}, but ${hex(root)} follows from it`);
    }
    running.reign = reign;
    this.#effects.push({ type: 'keep', hash, block, reign });
  }

  #reignAfter(parent: TreeNode, block: Pick<ChainBlock, 'certificate' | 'evidence'>, random: Uint8Array): Reign {
    const { epoch, weights, crypto } = this.#options;
    const offenders = block.evidence.map((each) => offenderOf(each, this.hashes, crypto, (time) => this.slots.slotOf(time))!);
    const extras = { offenders, ...(block.certificate && { certificate: block.certificate }) };
    return nextReign(parent.reign, parent.header.number + 1, epoch, extras, random, weights, this.hashes);
  }

  #onKept(hash: Uint8Array): void {
    const running = this.#take(hash);
    if (!running?.reign) throw new CodedError('consensus-input', 'a block was kept that nobody asked for');
    this.#add({ hash, header: running.block.header, reign: running.reign, random: running.random }, running.block.certificate);
  }

  #onRestored({ header, certificate }: Pick<ChainBlock, 'header' | 'certificate'>, reign: Reign): void {
    if (!this.tree.get(header.parent)) return;
    const { crypto } = this.#options;
    this.#add({ hash: Hashes.header(crypto, header), header, reign, random: crypto.proofOutput(header.proof) }, certificate);
  }

  #onRestoredFinal(hash: Uint8Array): void {
    const node = this.tree.get(hash);
    if (!node || node.header.number <= this.final.header.number) return;
    this.tree.justify(node, undefined);
    this.#follow();
    this.tree.finalise(node);
  }

  #add(block: NewNode, certificate: Certificate | undefined): void {
    if (!this.tree.get(block.header.parent)) return; // It is on a branch that has lost against a final block meanwhile.
    const node = this.tree.add(block, this.slots.points(this.slots.stepOf(block.header.time)!));
    if (certificate) this.#justify(certificate);
    this.#count(node);
    const waiting = this.#orphans.get(node.name);
    this.#orphans.delete(node.name);
    for (const { block: child, from, live } of waiting ?? []) this.#onBlock(child, from, live);
  }

  #take(hash: Uint8Array): Running | undefined {
    const running = this.#running.get(hex(hash));
    this.#running.delete(hex(hash));
    return running;
  }

  #refuse(hash: Uint8Array, from: Peer | undefined, reason: string): void {
    if (this.#refused.size >= REFUSED) this.#refused.delete(this.#refused.keys().next().value!);
    this.#refused.add(hex(hash));
    this.#orphans.delete(hex(hash));
    this.#effects.push({ type: 'invalid', hash, reason });
    this.#penalise(from, reason);
  }

  #penalise(from: Peer | undefined, reason: string): void {
    if (from !== undefined) this.#effects.push({ type: 'penalise', from, reason });
  }

  /** Tells the world when another block is the head. */
  #follow(): void {
    const head = this.tree.head;
    if (head === this.#head) return;
    const { left, entered } = way(this.#head, head);
    this.#head = head;
    this.#effects.push({ type: 'head', head, left, entered });
  }

  // Finality

  #onAttestation(attestation: Attestation, from: Peer | undefined): void {
    if (attestation.targetNumber <= this.final.header.number || attestation.targetNumber <= attestation.sourceNumber) return;
    const key = this.#options.crypto.recoverKey(attestation.signature, this.hashes.attestation(attestation));
    if (!key) return this.#penalise(from, 'an attestation’s signature cannot be recovered');
    this.#ballot(key, attestation);
  }

  #ballot(key: Uint8Array, attestation: Attestation): void {
    const { reign } = this.#head;
    const isHolder = [reign, this.final.reign, { ...reign, current: reign.next }].some((each) => seatsOf(each, key).first >= 0);
    if (!isHolder || !this.#ballots.add(key, attestation, (evidence) => this.#accuse(key, evidence))) return;
    const target = this.tree.get(attestation.target);
    if (target) this.#countLink(attestation, target);
  }

  #count(target: TreeNode): void {
    for (const link of this.#ballots.linksTo(target.hash)) this.#countLink(link, target);
  }

  #countLink(link: Link, target: TreeNode): void {
    if (target.justified === target || link.targetNumber !== target.header.number) return;
    const source = this.tree.ancestor(target, link.sourceNumber);
    if (!source || hex(source.hash) !== hex(link.source)) return;
    const certificate = this.#ballots.certificate(link, target.reign);
    if (certificate) this.#justify(certificate);
  }

  /** From a peer that knows more of what is final. */
  #onCertificate(certificate: Certificate, from: Peer | undefined): void {
    const target = this.tree.get(certificate.target);
    if (!target || target.certificate) return;
    const source = this.tree.ancestor(target, certificate.sourceNumber);
    const fault =
      !source || hex(source.hash) !== hex(certificate.source) || target.header.number !== certificate.targetNumber
        ? 'its source is not an ancestor of its target'
        : certificateFault(target.reign, certificate, this.hashes, this.#options.crypto);
    if (fault === undefined) this.#justify(certificate);
    else this.#penalise(from, `its certificate does not hold: ${fault}`);
  }

  /** The certificate holds. So many holders cannot all be dishonest, and the honest only attest what follows from a justified source: so is the source. */
  #justify(certificate: Certificate): void {
    const target = this.tree.get(certificate.target);
    if (!target || target.certificate) return;
    const source = this.tree.ancestor(target, certificate.sourceNumber);
    const isAbove = source !== undefined && source.header.number > this.final.header.number;
    if (isAbove && source.justified !== source) this.tree.justify(source, undefined);
    this.tree.justify(target, certificate);
    if (!isAbove || target.header.number !== source.header.number + 1) return;
    this.#follow();
    this.#effects.push({ type: 'final', node: source, certificate });
    this.tree.finalise(source);
    this.#ballots.prune(source.header.number);
    const slot = this.slots.slotOf(source.header.time);
    for (const name of this.#sealed.keys()) if (Number(name.split(' ')[1]) < slot) this.#sealed.delete(name);
  }

  // This box's own part

  #proposers(parent: TreeNode, slot: number): readonly Weight[] {
    if (this.#drawn?.parent !== parent || this.#drawn.slot !== slot) {
      const seed = (step: number): Uint8Array => this.hashes.draw(parent.random, slot, step);
      this.#drawn = { parent, slot, weights: drawProposers(parent.reign.current.weights, seed, this.slots.steps) };
    }
    return this.#drawn.weights;
  }

  #propose(): void {
    const { key } = this.#options;
    if (!key || this.#proposal || this.#running.size > 0 || this.#clock.wrong !== 0) return;
    const second = Math.floor(this.#now / 1000);
    const slot = this.slots.slotOf(second);
    const head = this.#head;
    if (slot <= this.#done || slot <= this.slots.slotOf(head.header.time)) return;
    const step = this.#proposers(head, slot).findIndex((each) => hex(each.key) === hex(key));
    const time = this.slots.timeOf(slot, step);
    if (step < 0 || time > second || time <= this.#guard.proposed) return;
    this.#proposal = { state: 'proving', parent: head, time };
    this.#effects.push({ type: 'prove', input: this.hashes.randomInput(head.random, time) });
  }

  /** proving -> building */
  #onProved(proof: Uint8Array): void {
    const proposal = this.#proposal;
    if (proposal?.state !== 'proving') throw new CodedError('consensus-input', 'a proof came that nobody asked for');
    const { parent, time } = proposal;
    const { crypto, rest } = this.#options;
    const random = crypto.proofOutput(proof);
    this.#proposal = { state: 'building', parent, time, proof, random };
    const mayRest = this.slots.slotOf(time) - this.slots.slotOf(parent.header.time) < rest;
    const payee = this.#own(parent).payee;
    this.#effects.push({ type: 'build', parent, time, random, payee, mayRest });
  }

  /** building -> idle */
  #rest(): void {
    if (this.#proposal?.state !== 'building') throw new CodedError('consensus-input', 'nothing was being built');
    this.#done = this.slots.slotOf(this.#proposal.time);
    this.#proposal = undefined;
  }

  /** building -> sealing, if its parent is still the head */
  #onBuilt(built: Extract<Input, { type: 'built' }>): void {
    const proposal = this.#proposal;
    if (proposal?.state !== 'building') throw new CodedError('consensus-input', 'a payload came that nobody asked for');
    const { parent, time, proof, random } = proposal;
    if (parent !== this.#head) return void (this.#proposal = undefined);
    const { crypto } = this.#options;
    const certificate = parent.justified.certificate;
    const fresh = certificate && certificate.targetNumber > parent.reign.justified ? certificate : undefined;
    const evidence = this.#evidence.slice(0, EVIDENCE_MAX);
    const extras = { evidence, ...(fresh && { certificate: fresh }) };
    const reign = this.#reignAfter(parent, extras, random);
    const header: OuterHeader = {
      parent: parent.hash,
      number: parent.header.number + 1,
      time,
      payload: built.payload,
      state: built.state,
      receipts: built.receipts,
      weights: weightsRoot(reign, crypto.keccak256),
      proposer: crypto.addressOf(this.#options.key!),
      proof,
      seal: new Uint8Array(65),
    };
    const hash = Hashes.header(crypto, header);
    this.#proposal = { state: 'sealing', parent, block: { header, payload: built.octets, ...extras }, reign, random, hash };
    this.#effects.push({ type: 'sign', what: 'block', digest: this.hashes.seal(hash) });
  }

  /** sealing -> guarding */
  #onSealed(seal: Uint8Array): void {
    const proposal = this.#proposal;
    if (proposal?.state !== 'sealing') throw new CodedError('consensus-input', 'a seal came that nobody asked for');
    const block: ChainBlock = { ...proposal.block, header: { ...proposal.block.header, seal } };
    this.#guard = { ...this.#guard, proposed: block.header.time };
    this.#proposal = { ...proposal, state: 'guarding', block };
    this.#effects.push({ type: 'guard', what: 'block', guard: this.#guard, block, hash: proposal.hash, reign: proposal.reign });
  }

  /** guarding -> announced */
  #onBlockGuarded(): void {
    const proposal = this.#proposal;
    if (proposal?.state !== 'guarding') throw new CodedError('consensus-input', 'a block was guarded that nobody asked for');
    const { block, hash, reign, random } = proposal;
    this.#proposal = undefined;
    this.#evidence = this.#evidence.filter((each) => !block.evidence.includes(each));
    this.#noteSealed(this.#options.key!, this.slots.slotOf(block.header.time), block.header, hash);
    this.#effects.push({ type: 'announce-block', block, hash });
    this.#add({ hash, header: block.header, reign, random }, block.certificate);
  }

  #own(parent: TreeNode): Weight {
    return parent.reign.current.weights.find(({ key }) => hex(key) === hex(this.#options.key!))!;
  }

  /** idle -> signing, for a head that nothing this box has signed speaks against */
  #attest(): void {
    const { key } = this.#options;
    const head = this.#head;
    const source = head.justified;
    if (
      !key ||
      this.#vote ||
      head === source ||
      head.header.number <= this.#guard.targetNumber ||
      source.header.number < this.#guard.sourceNumber
    )
      return;
    if (this.#now - head.header.time * 1000 > FRESH_SLOTS * this.slots.slotMillis || seatsOf(head.reign, key).first < 0) return;
    const link = { sourceNumber: source.header.number, source: source.hash, targetNumber: head.header.number, target: head.hash };
    this.#vote = { state: 'signing', link };
    this.#effects.push({ type: 'sign', what: 'vote', digest: this.hashes.attestation(link) });
  }

  /** signing -> guarding */
  #onVoteSigned(signature: Uint8Array): void {
    if (this.#vote?.state !== 'signing') throw new CodedError('consensus-input', 'a vote was signed that nobody asked for');
    const { link } = this.#vote;
    this.#guard = { ...this.#guard, sourceNumber: link.sourceNumber, targetNumber: link.targetNumber };
    this.#vote = { state: 'guarding', attestation: { kind: 'attestation', ...link, signature } };
    this.#effects.push({ type: 'guard', what: 'vote', guard: this.#guard });
  }

  /** guarding -> announced */
  #onVoteGuarded(): void {
    if (this.#vote?.state !== 'guarding') throw new CodedError('consensus-input', 'a vote was guarded that nobody asked for');
    const { attestation } = this.#vote;
    this.#vote = undefined;
    this.#effects.push({ type: 'announce-attestation', attestation });
    this.#ballot(this.#options.key!, attestation);
  }

  /** early: milliseconds until the time of a block that was just proposed. A box whose clock is wrong stops producing, and says so. */
  #sample(early: number): void {
    const slot = this.slots.slotMillis;
    const { samples } = this.#clock;
    samples.push(Math.abs(early) > slot ? early : 0);
    if (samples.length > CLOCK_SAMPLES) samples.shift();
    const agrees = samples.includes(0) || samples.length < CLOCK_SAMPLES;
    const wrong = agrees ? 0 : Math.round(-[...samples].sort((a, b) => a - b)[1]! / 1000);
    if ((wrong === 0) === (this.#clock.wrong === 0)) return;
    this.#clock.wrong = wrong;
    this.#effects.push({ type: 'clock', seconds: wrong });
  }
}
