/**
 * The packet filter of a box that sells Internet, as scripts for nft(8): pure text, so that what the kernel is told can be read and tested.
 *
 *   phone -> uplink   bound (address and MAC)? -> quota left? -> counted, full speed
 *                                              -> quota used up -> slow lane
 *                     not bound -> refused; its DNS and HTTP go to the box, which answers with the portal
 *   phone -> phone    never touched: the island is free
 *
 * Octets are those of IP packets in the forward hook, both directions, as the kernel counts them: with segmentation offload on, several segments count one header.
 * `add quota` on a quota that exists sets its limit and keeps what it has counted (kernel nft_quota_obj_update), so a top-up never stops or forgets traffic.
 */

/** Who may use the slow lane: nobody, phones whose purchase is used up, or everyone. */
export type SlowLane = 'nobody' | 'customers' | 'everyone';

export interface GateRules {
  /** Interface of the phones. */
  readonly lan: string;
  /** Interface of the Internet. */
  readonly wan: string;
  /** Port of the portal on this machine. */
  readonly portalPort: number;
  /** Port of the resolver that knows only the island. */
  readonly localDnsPort: number;
  readonly slowLane: SlowLane;
  /** Octets a second and phone in the slow lane, each direction. */
  readonly slowRate: number;
  /** Octets that the uplink may carry until the owner's plan begins anew; undefined: no limit. */
  readonly cap: number | undefined;
  /** The owner's switch in an emergency: everybody, at full speed, free of charge. */
  readonly freeForAll: boolean;
}

export const TABLE = 'inet meshbox';
/** Firewall mark of what was paid for; the traffic shaper reads it. */
export const PAID_MARK = 0x10;

export const quotaName = (session: number): string => `s${session}`;
export const counterName = (session: number): string => `c${session}`;
/** The session of a quota's name, or -1. */
export const sessionOf = (name: string): number => (/^s\d{1,9}$/.test(name) ? Number(name.slice(1)) : -1);

/** Makes or renews the table in one transaction: sessions, their counts and who is bound survive it. */
export function tableScript(rules: GateRules): string {
  const { lan, wan, portalPort, localDnsPort, slowLane, slowRate, cap, freeForAll } = rules;
  const everyone = slowLane === 'everyone';
  const slow = (direction: 'saddr' | 'daddr'): string =>
    slowLane === 'nobody'
      ? 'counter name refused reject with icmpx type admin-prohibited'
      : `update @slow_${direction} { ip ${direction} limit rate over ${slowRate} bytes/second burst ${2 * slowRate} bytes } drop
    goto pass`;
  return `add table ${TABLE}
add set ${TABLE} bound { type ipv4_addr . ether_addr ; flags timeout ; }
add set ${TABLE} address { type ipv4_addr ; flags timeout ; }
add map ${TABLE} quotas { type ipv4_addr : quota ; }
add map ${TABLE} counters { type ipv4_addr : counter ; }
add set ${TABLE} slow_saddr { type ipv4_addr ; flags dynamic,timeout ; timeout 1m ; size 65535 ; }
add set ${TABLE} slow_daddr { type ipv4_addr ; flags dynamic,timeout ; timeout 1m ; size 65535 ; }
add counter ${TABLE} refused
add counter ${TABLE} uplink
add quota ${TABLE} cap { over ${cap ?? Number.MAX_SAFE_INTEGER} bytes }
${['pass', 'slow_out', 'slow_in', 'out', 'in', 'forward', 'dstnat', 'srcnat']
  .map((chain) => `add chain ${TABLE} ${chain}${hooks[chain] ?? ''}\nflush chain ${TABLE} ${chain}`)
  .join('\n')}
table ${TABLE} {
  chain pass {
    quota name "cap" counter name refused reject with icmpx type admin-prohibited
    counter name uplink accept
  }
  chain slow_out {
    ${slow('saddr')}
  }
  chain slow_in {
    ${slow('daddr')}
  }
  chain out {
    quota name ip saddr map @quotas goto slow_out
    counter name ip saddr map @counters
    meta mark set ${PAID_MARK}
    goto pass
  }
  chain in {
    quota name ip daddr map @quotas goto slow_in
    counter name ip daddr map @counters
    meta mark set ${PAID_MARK}
    goto pass
  }
  chain forward {
    iifname "${lan}" oifname "${lan}" accept
    meta nfproto ipv6 counter name refused drop
    ct state invalid drop
    ${freeForAll ? `iifname "${lan}" oifname "${wan}" goto pass\n    iifname "${wan}" oifname "${lan}" ct state established,related goto pass` : ''}
    iifname "${lan}" oifname "${wan}" ip saddr . ether saddr @bound goto out
    iifname "${wan}" oifname "${lan}" ip daddr @address goto in
    ${everyone ? `iifname "${lan}" oifname "${wan}" goto slow_out\n    iifname "${wan}" oifname "${lan}" ct state established,related goto slow_in` : ''}
    iifname "${lan}" oifname "${wan}" counter name refused reject with icmpx type admin-prohibited
    counter name refused drop
  }
  chain dstnat {
    ${freeForAll || everyone ? `iifname "${lan}" meta l4proto { tcp, udp } th dport 53 redirect to :53\n    iifname "${lan}" accept` : ''}
    iifname "${lan}" ip saddr . ether saddr @bound meta l4proto { tcp, udp } th dport 53 redirect to :53
    iifname "${lan}" ip saddr . ether saddr @bound accept
    iifname "${lan}" meta l4proto { tcp, udp } th dport 53 redirect to :${localDnsPort}
    iifname "${lan}" tcp dport 80 fib daddr type != local redirect to :${portalPort}
  }
  chain srcnat {
    oifname "${wan}" masquerade
  }
}
`;
}

const hooks: Readonly<Record<string, string>> = {
  forward: ' { type filter hook forward priority filter ; policy drop ; }',
  dstnat: ' { type nat hook prerouting priority dstnat ; }',
  srcnat: ' { type nat hook postrouting priority srcnat ; }',
};

/** A session's quota at `limit` octets of its own count; both objects are made if they are new. */
export function limitScript(session: number, limit: number): string {
  return `add counter ${TABLE} ${counterName(session)}
add quota ${TABLE} ${quotaName(session)} { over ${limit} bytes }
`;
}

export interface Binding {
  readonly ip: string;
  readonly mac: string;
}

/** Binds a session to an address for so many seconds; what the address was bound to before ends. Adding before deleting makes the deletion safe whether it was there or not. */
export function bindScript(session: number, { ip, mac }: Binding, seconds: number, before: readonly BoundSession[]): string {
  return `${before.map(unbindScript).join('')}add element ${TABLE} bound { ${ip} . ${mac} timeout ${seconds}s }
delete element ${TABLE} bound { ${ip} . ${mac} }
add element ${TABLE} bound { ${ip} . ${mac} timeout ${seconds}s }
add element ${TABLE} address { ${ip} timeout ${seconds}s }
delete element ${TABLE} address { ${ip} }
add element ${TABLE} address { ${ip} timeout ${seconds}s }
add element ${TABLE} quotas { ${ip} : "${quotaName(session)}" }
add element ${TABLE} counters { ${ip} : "${counterName(session)}" }
`;
}

export interface BoundSession extends Binding {
  readonly session: number;
}

export function unbindScript({ session, ip, mac }: BoundSession): string {
  return `add element ${TABLE} bound { ${ip} . ${mac} timeout 1s }
delete element ${TABLE} bound { ${ip} . ${mac} }
add element ${TABLE} address { ${ip} timeout 1s }
delete element ${TABLE} address { ${ip} }
delete element ${TABLE} quotas { ${ip} : "${quotaName(session)}" }
delete element ${TABLE} counters { ${ip} : "${counterName(session)}" }
`;
}
