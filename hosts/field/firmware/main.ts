/** `npm run firmware -- --board esp32c6`: the command `meshbox firmware`, after the set-up that every script makes sure of. */
import { run } from '../../cli/program.js';

process.exitCode = await run(['firmware', ...process.argv.slice(2)]);
