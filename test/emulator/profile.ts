/** Where a board's instructions go: the samples of the image's profiler (hosts/xs/host/rv32-profile.c) as tables. */
import { execFileSync } from 'node:child_process';

export interface Sample {
  /** JavaScript functions, `Class.method`, the outermost first. */
  readonly stack: readonly string[];
  /** Of the engine, the host or a kernel. */
  readonly native: string;
  readonly turn: number;
}

/** Names of addresses, by the symbols of the program that the image was made of. */
export function symbolsOf(program: string): (address: number) => string {
  const symbols = execFileSync('riscv64-unknown-elf-nm', ['-n', program], { encoding: 'utf8', maxBuffer: 1 << 26 })
    .split('\n')
    .map((line) => /^([0-9a-f]+) [tTwW] (.+)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, address, name]) => ({ address: parseInt(address!, 16), name: name! }));
  return (address) => {
    let [low, high] = [0, symbols.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (symbols[middle]!.address <= address) low = middle;
      else high = middle;
    }
    return symbols[low]?.name ?? '?';
  };
}

export function parseSample(line: string, nameOf: (address: number) => string): Sample | undefined {
  const [word, address, turn, ...stack] = line.split(' ');
  if (word !== 'profile' || address === undefined || address === 'lost') return undefined;
  return { stack, native: nameOf(parseInt(address, 16)), turn: Number(turn) };
}

/** Shares by what `keysOf` names of each sample, the largest first. */
export function shares(samples: readonly Sample[], keysOf: (sample: Sample) => Iterable<string>): { name: string; share: number }[] {
  const counts = new Map<string, number>();
  for (const sample of samples) for (const key of new Set(keysOf(sample))) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].map(([name, count]) => ({ name, share: count / samples.length })).sort((a, b) => b.share - a.share);
}

/** What a function is for; the innermost that is named decides. */
const stages: readonly (readonly [RegExp, string])[] = [
  [/^(Link\.\$onFrame|HostRadio\.receive|Discovery\.hear\w+|Deliveries\.acknowledged)$/, 'receive: envelope, neighbour, acknowledgement'],
  [/^(Sessions?|Noise)\b.*(open|decrypt|unseal)/i, 'authenticate'],
  [/^(Sessions?|Noise)\b.*(seal|encrypt)/i, 're-encrypt'],
  [/^(Mesh\.\$onHeard|Routing\.nextHop|seen|lookup)$/, 'route: duplicate, next hop'],
  [/^Mesh\.\$forward$/, 'forward: hop limit, copy'],
  [/^Meter/, 'meter'],
  [/^(Link\.\$onSubmit|Outbox\.add)$/, 'queue'],
  [/^(Link\.\$(transmit|sendQueued|sendOwn|give)|HostRadio\.transmit)$/, 'send'],
  [/^(HostRadio\.sent|Link\.\$onSent|Deliveries\.sent)$/, 'sent: what the driver says'],
  [/^(Routing\.(?!nextHop)|Updates\.|Announcements\.|Liveness\.|UpdateSync\.|Requests\.)/, 'upkeep of routes'],
  [/^Board\.deadline$/, 'deadline'],
];

export function stageOf({ stack, native }: Sample): string {
  if (/^fx(Collect|Mark|Sweep)/.test(native)) return 'collect garbage';
  for (let at = stack.length - 1; at >= 0; at -= 1) for (const [names, stage] of stages) if (names.test(stack[at]!)) return stage;
  return stack.length === 0 ? 'entry of a turn' : 'poll and dispatch';
}
