/**
 * The console in a real browser, served by the daemon's HTTP server over the fixture box. With MESHBOX_SCREENSHOTS=FOLDER each scene is also saved as a picture to look at.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test as nodeTest } from 'node:test';
import type { Page } from 'playwright-core';
import type { FileInfo, Island, Message } from '../../hosts/box/api/types.js';
import { Problem } from '../../hosts/node/index.js';
import { startChromium, type Browser, type PageOptions } from './chromium.js';
import { faint, nameless, overflowing } from './page-checks.js';
import { makeStatus, startFixtureBox, type FixtureBox } from './fixture-box.js';
import { makeIsland, withNode, withoutNode } from './fixture-island.js';
import { picture } from './fixture-picture.js';

/** A scene takes one to three seconds, many times that on a machine that is busy with other tests; one that hangs must end. */
const test = (name: string, run: () => Promise<void>): void => void nodeTest(name, { timeout: 120_000 }, run);

let browser: Browser;
before(async () => {
  browser = await startChromium();
});
after(() => browser.close());

const island = makeIsland({ count: 10, seed: 5 });
const idAt = (index: number): string => island.nodes[index]!.id;
const short = (index: number): string => idAt(index).slice(0, 4);
const leaf = `${idAt(9)}/5e1f0a77c2b9d413`;

interface Scene {
  readonly box: FixtureBox;
  readonly page: Page;
  readonly errors: string[];
}

/** A box and a page on it, both ended afterwards; console errors fail the test unless it expects them. */
async function scene(
  name: string,
  play: (scene: Scene) => Promise<void>,
  options: PageOptions & { island?: Island; fill?: (box: FixtureBox) => Promise<void> } = {},
): Promise<void> {
  const box = await startFixtureBox(options.island ?? island);
  await options.fill?.(box);
  const { page, errors } = await browser.open(box.url, options);
  try {
    await page.getByText('Live', { exact: true }).waitFor();
    await play({ box, page, errors });
    const folder = process.env['MESHBOX_SCREENSHOTS'];
    if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
    assert.deepEqual(errors, []);
  } finally {
    await page.close();
    await box.stop();
  }
}

const mark = (page: Page, index: number) => page.locator(`.drawing [data-id="${idAt(index)}"]`);
const heading = (page: Page, text: string | RegExp) => page.getByRole('heading', { name: text });
const at = Date.UTC(2026, 10, 22, 9, 12);

async function fill(box: FixtureBox): Promise<void> {
  const photo = picture(480, 320);
  const hash = await box.store(photo, 'image/png', 'pump-house.png');
  const out = (key: number, state: Message['state'], text: string): Message => ({
    key,
    direction: 'out',
    peer: idAt(3),
    text,
    at: at + key * 40_000,
    state,
  });
  box.messages = [
    { key: 1, direction: 'in', peer: leaf, text: 'The pump runs again. <b onclick="x">Tank</b> at 80 %.', at, state: 'received' },
    out(2, 'delivered', 'Thank you! Photo please?'),
    out(3, 'queued', 'Market opens at 8, the boat leaves at 9.'),
    out(4, 'unknown', 'Are you there?'),
    out(5, 'refused', 'Test'),
  ];
  const file = { peer: leaf, direction: 'in', at } as const;
  box.files = [
    {
      ...file,
      sha256: 'ce'.repeat(32),
      name: 'tides.pdf',
      mediaType: 'application/pdf',
      octets: 48_431,
      direction: 'out',
      received: 20_440,
      state: 'interrupted',
    },
    {
      ...file,
      sha256: 'cd'.repeat(32),
      name: `a-${'long-'.repeat(16)}name.jpg`,
      mediaType: 'image/jpeg',
      octets: 128_431,
      received: 61_440,
      state: 'moving',
    },
    {
      ...file,
      sha256: hash,
      name: 'pump-house.png',
      mediaType: 'image/png',
      octets: photo.length,
      received: photo.length,
      state: 'complete',
    },
  ];
}

test('shows the box, its radio and every node with role and state', () =>
  scene('island', async ({ page }) => {
    await heading(page, 'Harbour box').waitFor();
    await page.getByText(`paired with ${short(1)}`).waitFor();
    assert.equal(await page.locator('.drawing .node').count(), 10);
    assert.equal(await page.locator('.drawing .link').count(), new Set(island.links.map(({ from, to }) => [from, to].sort().join())).size);
    assert.equal(await mark(page, 0).getAttribute('aria-label'), 'This box, up');
    assert.equal(await mark(page, 1).getAttribute('aria-label'), `Board ${short(1)}, up, 1 hop`);
    assert.ok((await page.locator('.drawing .band').count()) >= 9, 'each of nine boards is reached over a marked link');
  }));

test('a selected node shows its figures, pools, neighbours and route; ping answers', () =>
  scene('selected', async ({ page, box }) => {
    await mark(page, 6).click();
    const card = page.locator('#node');
    await heading(page, `Board ${short(6)}`).waitFor();
    await card.getByText(idAt(6)).waitFor();
    assert.match(await card.locator('.facts').first().innerText(), /\d+ hops?, [\d.]+ ms expected airtime/);
    assert.equal(await card.getByRole('meter').count(), 3);
    const links = island.links.filter(({ from }) => from === idAt(6)).length;
    assert.equal(await card.locator('.neighbours tbody tr').count(), links);
    assert.match(await card.locator('.neighbours tbody tr').first().innerText(), /[\d.]+ ms (good|fair|weak)\s+−\d+ dBm/);
    assert.notEqual(await page.locator('.band.selected').count(), 0);
    await card.getByRole('button', { name: 'Ping' }).click();
    await card.getByText('Answered over 3 hops in 142 ms.').waitFor();
    assert.deepEqual(box.sent[0], { to: idAt(6) });
    await card.getByRole('button', { name: 'Close' }).click();
    await heading(page, 'Overview').waitFor();
  }));

test('a killed node changes at once, is told, and nothing moves', () =>
  scene('killed', async ({ page, box }) => {
    const places = (): Promise<(string | null)[]> =>
      page.locator('.drawing .node').evaluateAll((nodes) => nodes.map((node) => node.getAttribute('transform')));
    const old = await places();
    box.emit({ type: 'island', island: withoutNode(island, idAt(7)) });
    await page.locator(`[aria-label="Board ${short(7)}, unreachable"]`).waitFor();
    await page
      .getByRole('log')
      .getByText(`Board ${short(7)} became unreachable`)
      .waitFor();
    assert.equal(await mark(page, 7).locator('.strike').count(), 1, 'told by shape, not by colour alone');
    assert.deepEqual(await places(), old);
    box.emit({ type: 'island', island: withNode(island, idAt(4), { state: 'silent' }) });
    await page.locator(`[aria-label^="Board ${short(4)}, silent"]`).waitFor();
    assert.equal(await mark(page, 4).locator('.core').count(), 1);
  }));

test('a new node settles in, the others stay', () =>
  scene(
    'joined',
    async ({ page, box }) => {
      const oldNodes = page.locator('.drawing .node');
      assert.equal(await oldNodes.count(), 9);
      box.emit({ type: 'island', island });
      await mark(page, 9).waitFor();
      await page
        .getByRole('log')
        .getByText(`Board ${short(9)} joined the island`)
        .waitFor();
      assert.equal(await oldNodes.count(), 10);
    },
    {
      island: {
        ...island,
        nodes: island.nodes.slice(0, 9),
        links: island.links.filter(({ from, to }) => from !== idAt(9) && to !== idAt(9)),
      },
    },
  ));

test('traffic shows on the node and on the link, but not with reduced motion', async () => {
  const busy = [1, 2].reduce((grown, index) => {
    const { id, counters } = island.nodes[index]!;
    return withNode(grown, id, { counters: { ...counters!, forwarded: counters!.forwarded + 9 } });
  }, island);
  for (const reducedMotion of ['no-preference', 'reduce'] as const) {
    await scene(
      `traffic-${reducedMotion}`,
      async ({ page, box }) => {
        box.emit({ type: 'island', island: busy });
        await mark(page, 1).locator('.pulse').waitFor({ state: 'attached' });
        assert.equal(await page.locator('.pulse').count(), 2);
        const animation = await page
          .locator('.pulse')
          .first()
          .evaluate((pulse) => getComputedStyle(pulse).animationName);
        assert.equal(animation, reducedMotion === 'reduce' ? 'none' : 'pulse');
      },
      { reducedMotion },
    );
  }
});

test('a text goes out and its state follows, never claiming more than is known', () =>
  scene('text', async ({ page, box }) => {
    const row = page.locator('.message').filter({ hasText: 'Boat leaves at nine' });
    await page.locator('#text-to').selectOption({ label: short(3) });
    await page.locator('#text').fill('Boat leaves at nine');
    await page.locator('#text').press('Enter');
    await row.getByText('Queued').waitFor();
    assert.deepEqual(box.sent[0], { to: idAt(3), text: 'Boat leaves at nine' });
    assert.equal(await page.locator('#text').inputValue(), '');
    const [message] = box.messages;
    for (const [state, word] of [
      ['unknown', 'Unknown'],
      ['delivered', 'Delivered'],
    ] as const) {
      box.emit({ type: 'message', message: { ...message!, state } });
      await row.getByText(word).waitFor();
    }
    assert.equal(await page.locator('.message').count(), 1);
    await page
      .getByRole('log')
      .getByText(`Message to ${short(3)}: delivered`)
      .waitFor();
  }));

test('a refused request says what to do and keeps the text; a text that is too long is not sent', () =>
  scene('refused', async ({ page, box, errors }) => {
    box.refusal = new Problem('refused', 'the queue is full', 'Wait until some of it has left.');
    await page.locator('#text-to').selectOption({ label: short(3) });
    await page.locator('#text').fill('x');
    await page.getByRole('button', { name: 'Send text' }).click();
    await page.getByText('The queue is full.').waitFor();
    await page.getByText('Wait until some of it has left.').waitFor();
    assert.equal(await page.locator('#text').inputValue(), 'x');
    await page.locator('#text').fill('é'.repeat(1_001));
    await page.getByText('Too long by 2 octets; a text holds 2000.').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Send text' }).isDisabled(), true);
    assert.equal(box.sent.length, 0);
    assert.match(errors.splice(0).join(), /409/, "the browser's own note of the refused request");
  }));

test('an arriving photograph shows its progress, then itself', () =>
  scene('photograph', async ({ page, box }) => {
    const photo = picture(240, 160);
    const file: FileInfo = {
      sha256: await box.store(photo, 'image/png', 'market.png'),
      name: 'market.png',
      mediaType: 'image/png',
      octets: photo.length,
      direction: 'in',
      peer: leaf,
      received: 0,
      state: 'moving',
      at,
    };
    box.emit({ type: 'file', file });
    const row = page.locator('.file').filter({ hasText: 'market.png' });
    await row.getByText('Arriving').waitFor();
    assert.equal(await row.locator('img').count(), 0);
    box.emit({ type: 'file', file: { ...file, received: Math.ceil(photo.length / 2) } });
    await row.getByText('50 %').waitFor();
    assert.equal(await row.getByRole('progressbar').getAttribute('value'), '50');
    box.emit({ type: 'file', file: { ...file, received: photo.length, state: 'complete' } });
    await row.getByText('Complete').waitFor();
    const image = row.locator('img');
    await image.waitFor();
    await page.waitForFunction(() => document.querySelector<HTMLImageElement>('.file img')!.naturalWidth === 240);
    assert.equal(await row.getByRole('link', { name: 'Download' }).getAttribute('download'), 'market.png');
    await row.getByText('sha256').click();
    await row.getByText(file.sha256).waitFor();
  }));

test('a file goes out with its name, type and octets', () =>
  scene('file', async ({ page, box }) => {
    await mark(page, 5).click();
    await page.getByRole('button', { name: 'Send file' }).first().click();
    assert.equal(await page.locator('#file-to').inputValue(), idAt(5), 'the selected node is the recipient');
    const octets = Buffer.from('tide table\n');
    await page.locator('#file').setInputFiles({ name: 'tides & times.txt', mimeType: 'text/plain', buffer: octets });
    await page.locator('#files form').getByRole('button', { name: 'Send file' }).click();
    await page.locator('.file').filter({ hasText: 'tides & times.txt' }).getByText('Sending').waitFor();
    assert.deepEqual(box.sent, [{ to: idAt(5), name: 'tides & times.txt', mediaType: 'text/plain', octets }]);
  }));

test('what others wrote is text, never markup', () =>
  scene(
    'markup',
    async ({ page }) => {
      await page.getByText('<b onclick="x">Tank</b>').waitFor();
      assert.equal(await page.locator('.bubble b').count(), 0);
    },
    { fill },
  ));

test('the page says when the box is gone and comes back by itself', () =>
  scene('gone', async ({ page, box, errors }) => {
    await box.stop();
    await page.getByText('The box does not answer.').waitFor();
    await page.getByText('No connection').waitFor();
    assert.equal(await page.locator('.drawing .node').count(), 10, 'the last known island stays');
    const again = await startFixtureBox(withoutNode(island, idAt(2)), box.port);
    try {
      await page.getByRole('button', { name: 'Try now' }).click();
      await page.getByText('Live', { exact: true }).waitFor();
      await page.locator(`[aria-label="Board ${short(2)}, unreachable"]`).waitFor();
      assert.equal(await page.getByText('The box does not answer.').count(), 0);
    } finally {
      await again.stop();
    }
    await page.getByText('No connection').waitFor();
    assert.deepEqual(
      errors.splice(0).filter((error) => !error.includes('net::ERR_')),
      [],
      "nothing but the browser's own notes of lost requests",
    );
  }));

test('a refused or missing radio board comes with its remedy', () =>
  scene('radio', async ({ page, box }) => {
    const status = makeStatus(island);
    box.emit({
      type: 'status',
      status: {
        ...status,
        radio: {
          state: 'refused',
          device: '/dev/ttyUSB0',
          problem: 'it speaks protocol 3, this box 1',
          remedy: 'Update the firmware of the board.',
        },
        problems: [{ code: 'disk-full', message: 'the disk is full', remedy: 'Free some space.' }],
      },
    });
    await page.getByText('It speaks protocol 3, this box 1.').waitFor();
    await page.getByText('Update the firmware of the board.').waitFor();
    await page.getByText('Free some space.').waitFor();
    box.emit({ type: 'status', status: { ...status, radio: { state: 'searching', device: '/dev/ttyUSB0' } } });
    await page.getByText('Plug it in, or check its cable and power.').waitFor();
  }));

test('an empty island says what to do', () =>
  scene(
    'empty',
    async ({ page }) => {
      for (const text of [
        'No boards are heard yet.',
        'No messages yet.',
        'No files yet.',
        'Nothing has changed since you opened this page.',
      ])
        await page.getByText(text).waitFor();
      assert.equal(await page.locator('#text-to').innerText(), 'Nobody is in reach yet');
    },
    { island: { box: island.box, nodes: island.nodes.slice(0, 1), links: [] } },
  ));

test('the table sorts by any column, both ways, and keeps what is not reported last', () =>
  scene('table', async ({ page }) => {
    const figures = (): Promise<string[]> => page.locator('#traffic tbody tr td:nth-child(8)').allInnerTexts();
    const retries = page.getByRole('columnheader', { name: 'Retries' });
    const rising = island.nodes
      .flatMap(({ counters }) => counters?.retries ?? [])
      .sort((a, b) => a - b)
      .map(String);
    await retries.getByRole('button').click();
    assert.equal(await retries.getAttribute('aria-sort'), 'descending');
    assert.deepEqual(await figures(), [...rising].reverse().concat('–'));
    await retries.getByRole('button').click();
    assert.equal(await retries.getAttribute('aria-sort'), 'ascending');
    assert.deepEqual(await figures(), rising.concat('–'));
  }));

test('the keyboard reaches the map, moves in it, selects and leaves', () =>
  scene('keyboard', async ({ page }) => {
    const focused = (): Promise<string> =>
      page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'Skip to the island');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'Arrange');
    await page.keyboard.press('Tab');
    assert.match(await focused(), /^This box/);
    for (const key of ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
    const there = await focused();
    assert.match(there, /^Board/);
    await page.keyboard.press('Enter');
    await heading(page, there.split(',')[0]!).waitFor();
    assert.equal(await page.locator('.node.selected[aria-pressed=true]').count(), 1);
    const ring = await page.locator('.node:focus .ring').evaluate((element) => getComputedStyle(element).stroke);
    assert.notEqual(ring, 'none', 'focus can be seen');
    await page.keyboard.press('Tab');
    assert.match(await focused(), /Close/, 'one Tab leaves the map');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Escape');
    await heading(page, 'Overview').waitFor();
  }));

for (const width of [320, 390, 820, 1440, 2200]) {
  test(`nothing overflows at ${width} pixels`, () =>
    scene(
      `width-${width}`,
      async ({ page }) => {
        await mark(page, 6).click();
        assert.deepEqual(await overflowing(page), []);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
      },
      { width, height: 800, fill },
    ));
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`everything is legible in ${colorScheme} colours`, () =>
    scene(
      `legible-${colorScheme}`,
      async ({ page, box }) => {
        await mark(page, 6).click();
        assert.deepEqual(await faint(page), []);
        box.refusal = undefined;
        box.emit({
          type: 'status',
          status: { ...makeStatus(island), radio: { state: 'refused', device: 'd', problem: 'p', remedy: 'r' } },
        });
        await page.getByText('board refused').waitFor();
        assert.deepEqual(await faint(page), []);
      },
      { colorScheme, island: makeIsland({ count: 10, seed: 5, faults: true }), fill },
    ));
}

test('the checks of the page find planted faults', () =>
  scene('planted', async ({ page }) => {
    await page.evaluate(() => {
      const ground = getComputedStyle(document.querySelector('.map')!).backgroundColor;
      document.querySelector<HTMLElement>('h1')!.style.color = '#aaa';
      document.querySelector<SVGElement>('.map .half.good')!.style.stroke = ground;
      document.querySelector<HTMLElement>('.card-head')!.style.width = '3000px';
      document.querySelector('#text')!.id = 'renamed';
    });
    assert.deepEqual(await faint(page), ['text "Harbour box": 2.10, wants 4.5', 'graphic half good: 1.00, wants 3']);
    assert.equal((await overflowing(page)).filter((element) => element.includes('width: 3000px')).length, 1);
    assert.deepEqual(
      (await nameless(page)).map((element) => /^<\w+ id="\w+"/.exec(element)?.[0]),
      ['<textarea id="renamed"'],
    );
  }));

test('every control has a name, every picture a text', () =>
  scene(
    'names',
    async ({ page }) => {
      await mark(page, 6).click();
      assert.deepEqual(await nameless(page), []);
      assert.equal(await page.locator('h1').count(), 1);
    },
    { fill },
  ));

test('thirty nodes keep their labels and stay apart', () => {
  const large = makeIsland({ count: 31, seed: 7, faults: true });
  return scene(
    'thirty',
    async ({ page }) => {
      const labels = await page
        .locator('.drawing .node text')
        .evaluateAll((texts) => texts.filter((text) => text.getClientRects().length > 0).length);
      assert.equal(labels, 31);
      const overlaps = await page.locator('.drawing .node .outline').evaluateAll((signs) => {
        const areas = signs.map((sign) => sign.getBoundingClientRect());
        return areas.filter((one, index) =>
          areas
            .slice(index + 1)
            .some((other) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom),
        ).length;
      });
      assert.equal(overlaps, 0);
    },
    { island: large },
  );
});
