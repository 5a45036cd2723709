/**
 * What MeshBox needs from the machine beyond npm packages, in one table: set-up installs from it, `meshbox doctor` reports from it.
 * Plain JavaScript, because it runs before anything is installed.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/**
 * @typedef {object} Need
 * @property {string} id
 * @property {string} says what it serves, for a person
 * @property {readonly ('start' | 'test')[]} goals which jobs need it
 * @property {readonly string[]} apt Debian packages that bring it
 * @property {() => string | undefined} check its version, or undefined if it is missing
 */

/** First line that a command prints, or undefined if it can't be run. */
function firstLine(command, args) {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 20_000 })
      .split('\n')[0]
      .trim();
  } catch {
    return undefined;
  }
}

const is64BitIntel = process.arch === 'x64';

/** @type {readonly Need[]} */
export const needs = [
  {
    id: 'gcc',
    says: 'compiles the XS engine and the kernels',
    goals: ['start', 'test'],
    apt: ['gcc', 'libc6-dev'],
    check: () => (existsSync('/usr/include/stdio.h') ? firstLine('gcc', ['--version']) : undefined),
  },
  {
    id: 'gcc-multilib',
    says: 'builds boards with 32-bit memory, as on a real one',
    goals: is64BitIntel ? ['start', 'test'] : [],
    apt: ['gcc-multilib'],
    check: () =>
      existsSync('/usr/include/x86_64-linux-gnu/gnu/stubs-32.h') ||
      existsSync('/usr/include/gnu/stubs-32.h') ||
      existsSync('/usr/lib32/crt1.o')
        ? '32-bit libraries'
        : undefined,
  },
  {
    id: 'riscv-gcc',
    says: "compiles for the boards' instruction set",
    goals: ['test'],
    apt: ['gcc-riscv64-unknown-elf', 'picolibc-riscv64-unknown-elf'],
    check: () => (existsSync('/usr/lib/picolibc/riscv64-unknown-elf') ? firstLine('riscv64-unknown-elf-gcc', ['--version']) : undefined),
  },
  {
    id: 'qemu',
    says: 'emulates a board and counts its instructions',
    goals: ['test'],
    apt: ['qemu-system-misc'],
    check: () => firstLine('qemu-system-riscv32', ['--version']),
  },
  {
    id: 'chromium',
    says: 'opens the console page in tests',
    goals: ['test'],
    apt: ['chromium'],
    check: () => firstLine('chromium', ['--version']),
  },
  {
    id: 'nftables',
    says: 'sells Internet: filters and counts what phones use',
    goals: ['test'],
    apt: ['nftables', 'iproute2'],
    check: () => firstLine('/usr/sbin/nft', ['--version']),
  },
  {
    id: 'dnsmasq',
    says: 'gives phones addresses and names',
    goals: ['test'],
    apt: ['dnsmasq-base'],
    check: () => firstLine('/usr/sbin/dnsmasq', ['--version']),
  },
  {
    id: 'phones',
    says: 'plays phones in network namespaces',
    goals: ['test'],
    apt: ['udhcpc', 'curl', 'ethtool', 'procps'],
    check: () => (existsSync('/usr/sbin/udhcpc') && existsSync('/usr/sbin/ethtool') ? firstLine('curl', ['--version']) : undefined),
  },
];

/** The command that installs the packages of the given needs. */
export function aptCommand(missing) {
  return `apt-get install -y --no-install-recommends ${missing.flatMap((need) => need.apt).join(' ')}`;
}
