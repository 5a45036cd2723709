/** Commands for the field: plan, firmware, flash, provision, replace. Each is loaded when it is asked for: none of their libraries is needed by another. */
import type { Command } from 'commander';
import type { Exit } from '../exit-codes.js';
import type { Context } from '../program.js';
import type { FirmwareFlags } from './firmware.js';
import type { FlashFlags } from './flash.js';
import type { PlanFlags } from './plan.js';
import type { ProvisionFlags, ReplaceFlags } from './provision.js';

/** Where the owner's key, the register and the labels are. */
const REGISTER = '.state/island';

type InContext = <A extends unknown[]>(command: (context: Context, ...args: A) => Promise<Exit | void>) => (...args: A) => Promise<void>;

export function registerField(program: Command, inContext: InContext): void {
  program
    .command('firmware')
    .option('--board <name>', 'esp32, esp32c3, esp32c6 or esp32s3')
    .option('--images <folder>', 'bundle the bootloader.bin and app.bin in there instead of building them')
    .option('--out <folder>', 'where the bundle goes', '.build/firmware')
    .description('build and sign a firmware bundle for a board')
    .action(inContext(async (given, flags: FirmwareFlags) => (await import('./firmware.js')).firmware(given, flags)));
  program
    .command('flash')
    .argument('<bundle>', 'firmware bundle (.mbfw) of `npm run firmware`')
    .option('--port <device...>', 'serial devices of the boards (default: every one that looks like a board)')
    .option('--trust <key...>', 'public keys whose bundles are taken beside our own')
    .option('--baud <speed>', 'of the serial line', '460800')
    .description('write firmware to boards on USB, several at once; repeated, it goes on where it stopped')
    .action(inContext(async (given, file: string, flags: FlashFlags) => (await import('./flash.js')).flash(given, file, flags)));
  program
    .command('plan')
    .argument('<places>', 'CSV (name,lat,lon,people,kind) or GeoJSON points')
    .requiredOption('--elevation <path>', 'elevation tile (.hgt or GeoTIFF), or a folder of them')
    .option('--country <code>', 'whose radio rules hold (two letters); unknown: the most restrictive', '??')
    .option('--out <folder>', 'where plan.svg, plan.txt and plan.json go', 'plan')
    .option('--lora', 'bridge what ESP-NOW does not reach by LoRa, for SOS and control')
    .option('--sunshine <share>', 'share of the day with sunshine, mean over the year', '0.45')
    .option('--dark-days <days>', 'days that the batteries last without sun', '3')
    .description('plan an island: sites, masts, antennas, links, coverage, sun, shopping list')
    .action(inContext(async (given, places: string, flags: PlanFlags) => (await import('./plan.js')).plan(given, places, flags)));
  program
    .command('provision')
    .requiredOption('--name <name>', 'of the box, as on its label')
    .option('--role <role>', 'gateway, box or relay', 'box')
    .option('--country <code>', 'whose radio rules hold (two letters); unknown: the most restrictive', '??')
    .option('--port <device>', 'serial device of the board (default: the only one that looks like a board)')
    .option('--register <folder>', "the owner's key, the island's register and the labels", REGISTER)
    .description('bind a flashed board to this owner: name, role, radio rules, label with QR code')
    .action(inContext(async (given, flags: ProvisionFlags) => (await import('./provision.js')).provision(given, flags)));
  program
    .command('replace')
    .argument('<name>', 'box that is stolen, broken or retired')
    .option('--because <reason>', 'stolen, broken or retired', 'broken')
    .option('--alone', 'revoke it without a successor')
    .option('--port <device>', 'serial device of its successor (default: the only one that looks like a board)')
    .option('--register <folder>', "the owner's key, the island's register and the labels", REGISTER)
    .description('revoke a box for good; the board that is plugged in takes its name, role and rules')
    .action(inContext(async (given, name: string, flags: ReplaceFlags) => (await import('./provision.js')).replace(given, name, flags)));
}
