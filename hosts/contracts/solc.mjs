#!/usr/bin/env node
/**
 * The Solidity compiler of npm's `solc` with the command line of the native one, as far as a build needs it. `build.ts` runs it as a process of its
 * own, because a compilation keeps 200 MB; forge is given it as its compiler, so both compile with the same one and need no network.
 *
 *   node hosts/contracts/solc.mjs --version
 *   node hosts/contracts/solc.mjs --standard-json < input.json
 */
import { readFileSync } from 'node:fs';
import solc from 'solc';

if (process.argv.includes('--version')) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else if (process.argv.includes('--standard-json')) {
  process.stdout.write(solc.compile(readFileSync(0, 'utf8')));
} else {
  console.error('solc.mjs takes --version, or --standard-json with the input on its standard input.');
  process.exitCode = 2;
}
