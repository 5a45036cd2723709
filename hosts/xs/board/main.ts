/**
 * The firmware of a board on the XS host: the ports over the host object, and the board of firmware/core behind the handlers.
 */
import { createNativeKernels } from '../../../assembly/native/kernels.js';
import { millis } from '../../../firmware/core/base/index.js';
import { startBoard } from '../../../firmware/core/node/index.js';
import manifest from '../../../package.json' with { type: 'json' };
import type { Handlers, Host } from './host.js';
import { HostClock, HostCryptoJobs, HostRadio, HostRandom, HostSerial, HostSigner, Jobs, hostHealth, hostLog } from './ports.js';

export function start(host: Host): Handlers {
  const kernels = createNativeKernels(host.kernels);
  const jobs = new Jobs(host);
  const signer = new HostSigner(host, kernels, jobs);
  const clock = new HostClock();
  const radio = new HostRadio(host);
  const serial = host.serialRoom() >= 0 ? new HostSerial(host) : undefined;
  const board = startBoard(
    {
      radio,
      serial,
      clock,
      random: new HostRandom(host),
      signer,
      kernels,
      jobs: new HostCryptoJobs(kernels, jobs, signer),
      health: hostHealth(host),
      log: hostLog(host),
    },
    { name: `meshbox ${manifest.version} on XS`, links: ['air', 'ble'] },
  );
  return {
    tick: (now) => board.tick((clock.mono = millis(now))),
    frame: (now, kind, rssi, buffer) => {
      clock.mono = millis(now);
      radio.receive(kind, rssi, buffer);
    },
    sent: (now, kind, ok) => {
      clock.mono = millis(now);
      radio.sent(kind, ok);
    },
    serial: (now, _a, _b, buffer) => {
      clock.mono = millis(now);
      serial?.receive(buffer);
    },
    job: (now, id, ok, buffer) => {
      clock.mono = millis(now);
      jobs.answer(id, ok === 1, buffer);
    },
    deadline: () => board.deadline(),
    counters: () => JSON.stringify(board.counters() ?? {}),
  };
}
