#!/usr/bin/env node
/** The `meshbox` command: starts the TypeScript loader, then the program. */
try {
  const { register } = await import('tsx/esm/api');
  register();
} catch {
  console.error('meshbox: its dependencies are not installed.\n  Run `npm ci` in the folder of the project.');
  process.exit(1);
}
const { run } = await import('./program.ts');
process.exitCode = await run(process.argv.slice(2));
