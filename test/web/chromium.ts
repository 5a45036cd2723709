/** A headless Chromium for the page tests, with a fresh profile and nothing that reaches for the network. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { aptCommand, needs } from '../../hosts/cli/setup/needs.mjs';

/** Debian's path, then other distributions'. Throws with the command that installs it. */
export function findChromium(
  candidates: readonly string[] = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
): string {
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(`no Chromium at ${candidates.join(', ')}. Install it with: ${aptCommand(needs.filter(({ id }) => id === 'chromium'))}`);
}

export interface Browser {
  readonly open: (url: string, options?: PageOptions) => Promise<OpenPage>;
  readonly close: () => Promise<void>;
}

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
  readonly reducedMotion?: 'reduce' | 'no-preference';
}

export interface OpenPage {
  readonly page: Page;
  /** Console errors and uncaught exceptions so far. */
  readonly errors: string[];
}

/** On two shared slow cores a start may take long; a browser that hangs must not. */
const startTimeout = 60_000;
const stepTimeout = 20_000;

export async function startChromium(): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'meshbox-chromium-'));
  const context: BrowserContext = await chromium.launchPersistentContext(profile, {
    executablePath: findChromium(),
    headless: true,
    timeout: startTimeout,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  // tsx names functions through a helper that it defines per file; a function sent into the page must find one there.
  await context.addInitScript('globalThis.__name = (value) => value');
  return {
    async open(url, { width = 1440, height = 1000, colorScheme = 'light', reducedMotion = 'no-preference' } = {}) {
      const page = await context.newPage();
      page.setDefaultTimeout(stepTimeout);
      const errors: string[] = [];
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
      page.on('pageerror', (error) => errors.push(String(error)));
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme, reducedMotion });
      await page.goto(url);
      return { page, errors };
    },
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
