import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hex } from '../../../firmware/core/base/index.js';
import { boxRoles, greet, idOf, labelOf, Register, type Grant, type Revocation } from '../../field/provision/index.js';
import { regionOf } from '../../field/region.js';
import { listSerial, Problem, writeDurably } from '../../node/index.js';
import { table } from '../output.js';
import type { Context } from '../program.js';

export interface ProvisionFlags {
  readonly port?: string;
  readonly name: string;
  readonly role: string;
  readonly country: string;
  readonly register: string;
}

/** Works without a daemon, which would hold the device. */
export async function provision({ out }: Context, flags: ProvisionFlags): Promise<void> {
  const role = boxRoles.find((each) => each === flags.role);
  if (!role) throw new Problem('usage', `"${flags.role}" is no role`, `The roles are ${boxRoles.join(', ')}.`);
  if (flags.name.trim() === '' || flags.name.length > 24)
    throw new Problem('usage', `"${flags.name}" is no name of a box`, 'Give 1 to 24 characters with --name: they stand on its label.');
  const register = await Register.open(flags.register);
  const { key, name: firmware } = await greet(await device(flags.port), register.owner.key);
  const granted = await register.grant(hex(key), flags.name, role, regionOf(flags.country));
  await answer(out, granted, flags, firmware);
}

export interface ReplaceFlags {
  readonly port?: string;
  readonly because: string;
  readonly alone?: boolean;
  readonly register: string;
}

export async function replace({ out }: Context, name: string, flags: ReplaceFlags): Promise<void> {
  const reasons = ['stolen', 'broken', 'retired'] as const;
  const reason: Revocation['reason'] | undefined = reasons.find((each) => each === flags.because);
  if (!reason) throw new Problem('usage', `"${flags.because}" is no reason`, `The reasons are ${reasons.join(', ')}.`);
  const register = await Register.open(flags.register);
  if (flags.alone) {
    const revoked = await register.replace(name, reason);
    out.answer({ revoked: name, boxes: revoked.boxes() }, `${name} is revoked; nothing takes its place`);
    return;
  }
  const { key, name: firmware } = await greet(await device(flags.port), register.owner.key);
  await answer(out, await register.replace(name, reason, hex(key)), flags, firmware);
}

async function answer(out: Context['out'], register: Register, flags: { readonly register: string }, firmware: string): Promise<void> {
  const grant = register.entries.at(-1) as unknown as Grant;
  await mkdir(join(flags.register, 'labels'), { recursive: true });
  const label = join(flags.register, 'labels', `${idOf(grant.key)}.svg`);
  await writeDurably(label, Buffer.from(labelOf(grant)));
  const region = regionOf(grant.country);
  const lines = [
    `${grant.name} is ${idOf(grant.key)}, ${grant.role}, ${firmware}`,
    `rules    ${region.country}: ${grant.eirp} dBm EIRP, channels 1 to ${grant.channels} (${region.rule})`,
    `label    ${label}`,
    '',
    table(
      ['name', 'role', 'id'],
      register.boxes().map((box) => [box.name, box.role, idOf(box.key)]),
    ),
  ];
  out.answer({ grant, id: idOf(grant.key), label, boxes: register.boxes() }, lines.join('\n'));
}

async function device(named: string | undefined): Promise<string> {
  if (named !== undefined) return named;
  const found = await listSerial();
  if (found.length === 1) return found[0]!;
  throw new Problem(
    'serial-missing',
    found.length === 0 ? 'no board is plugged in' : `${found.length} boards are plugged in: ${found.join(', ')}`,
    'Plug in the one that you name, or say which with --port.',
  );
}
