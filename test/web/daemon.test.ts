/** The console on the daemon as a process of its own, with a board at the end of a real pty and a node behind that. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildWeb } from '../../hosts/web/build.mjs';
import { startDaemon, type DaemonProcess } from '../box/daemon-process.js';
import { startTinyIsland, type TinyIsland } from '../box/tiny-island.js';
import { openPty, type Pty } from '../serial/pty.js';
import { startChromium, type Browser } from './chromium.js';
import { picture } from './fixture-picture.js';

test('draws the surveyed island, carries a text and a photograph, sees the board unplugged', { timeout: 180_000 }, async () => {
  const open: (() => unknown)[] = [];
  try {
    await buildWeb({ log: () => {} });
    const state = await mkdtemp(join(tmpdir(), 'meshbox-console-'));
    open.push(() => rm(state, { recursive: true, force: true }));
    const pty = await openPty();
    open.push(() => pty.unplug());
    const island = startTinyIsland(pty);
    open.push(() => island.stop());
    const daemon = await startDaemon({ radio: pty.device, state });
    open.push(() => daemon.kill());
    const browser = await startChromium();
    open.push(() => browser.close());
    await play(browser, daemon, island, pty);
  } finally {
    for (const close of open.reverse()) await close();
  }
});

async function play(browser: Browser, daemon: DaemonProcess, { far, boardId }: TinyIsland, pty: Pty): Promise<void> {
  const { page, errors } = await browser.open(daemon.url);
  await page.getByText(`paired with ${boardId.slice(0, 4)}`).waitFor();
  await page.locator(`.drawing [aria-label^="Board ${far.id.slice(0, 4)}, up, 2 hops"]`).waitFor({ timeout: 60_000 });

  await page.locator('#text-to').selectOption(far.id);
  await page.locator('#text').fill('Boat leaves at nine');
  await page.locator('#text').press('Enter');
  await page.locator('.message').getByText('Delivered').waitFor();
  assert.deepEqual(far.texts, ['Boat leaves at nine']);

  await far.file(daemon.id, 'market.png', picture(240, 160));
  await page.locator('.file').getByText('Complete').waitFor();
  await page.waitForFunction(() => document.querySelector<HTMLImageElement>('.file img')?.naturalWidth === 240);

  await page.locator(`[data-id="${far.id}"]`).click();
  await page.getByRole('button', { name: 'Ping' }).click();
  await page.getByText(/^Answered over 2 hops in \d+ ms\.$/).waitFor();

  await pty.unplug();
  await page.getByText(/^Looking for a radio board on/).waitFor();
  await page.locator(`.drawing [aria-label="Board ${far.id.slice(0, 4)}, unreachable"]`).waitFor({ timeout: 60_000 });
  assert.deepEqual(errors, []);
}
