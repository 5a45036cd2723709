/** What must hold for any page, measured in the browser: each check returns one line for each offender. console.test.ts plants one of each. */
import type { Page } from 'playwright-core';

/** WCAG 2.2, success criterion 1.4.3 (level AA) for text, 1.4.11 for graphics. */
const leastText = 4.5;
const leastGraphic = 3;

/**
 * Too faint: every visible text against the ground under it, and the map's lines and signs against the map's ground
 * (WCAG 2.2, relative luminance and contrast ratio).
 */
export function faint(page: Page): Promise<string[]> {
  return page.evaluate(
    ([text, graphic]) => {
      type Rgba = [number, number, number, number];
      const parse = (css: string): Rgba => {
        const [red = 0, green = 0, blue = 0, alpha = 1] = (css.match(/[\d.]+/g) ?? []).map(Number);
        return [red, green, blue, alpha];
      };
      const over = ([r, g, b, a]: Rgba, [R, G, B]: Rgba): Rgba => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
      const ground = (element: Element | null): Rgba => {
        if (element === null) return [255, 255, 255, 1];
        const own = parse(getComputedStyle(element).backgroundColor);
        return own[3] === 1 ? own : over(own, ground(element.parentElement));
      };
      const luminance = (colour: Rgba): number => {
        const [red, green, blue] = colour
          .slice(0, 3)
          .map((value) => (value <= 10.31 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4)) as [number, number, number];
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      };
      const ratio = (one: Rgba, other: Rgba): number => {
        const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
        return (high + 0.05) / (low + 0.05);
      };
      const found: string[] = [];
      const judge = (what: string, colour: string, element: Element, least: number): void => {
        const back = ground(element instanceof SVGElement ? element.parentElement : element);
        const measured = ratio(over(parse(colour), back), back);
        if (measured < least) found.push(`${what}: ${measured.toFixed(2)}, wants ${least}`);
      };
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
        const element = node.parentElement!;
        const shown =
          node.textContent!.trim() !== '' &&
          (element as HTMLElement).getClientRects().length > 0 &&
          !element.closest('option, noscript, .hidden');
        const style = getComputedStyle(element);
        if (shown)
          judge(
            `text "${node.textContent!.trim().slice(0, 30)}"`,
            element instanceof SVGElement ? style.fill : style.color,
            element,
            text!,
          );
      }
      for (const element of document.querySelectorAll('.map .half, .map .outline, .map .strike, .map .core')) {
        const { fill, stroke } = getComputedStyle(element);
        const filled = parse(fill)[3] > 0 && !element.matches('line, .silent .outline, .unreachable .outline, .strike');
        judge(`graphic ${element.getAttribute('class')}`, filled ? fill : stroke, element, graphic!);
      }
      return [...new Set(found)];
    },
    [leastText, leastGraphic],
  );
}

/** Beyond the right edge of the window, but for what scrolls in its own frame. */
export function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('body *')]
      .filter((element) => !element.closest('.wide, .hidden, .skip') && element.getBoundingClientRect().right > innerWidth + 0.5)
      .map((element) => element.outerHTML.slice(0, 80)),
  );
}

/** Controls without a name and pictures without a text. */
export function nameless(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, a, input, select, textarea, progress, img, [role=button], [role=meter]')]
      .filter((element) => {
        const labels = 'labels' in element ? (element.labels as NodeListOf<HTMLElement> | null) : null;
        const name = element.getAttribute('aria-label') ?? element.getAttribute('alt') ?? labels?.[0]?.textContent ?? element.textContent;
        return !name?.trim() && !element.querySelector('img[alt]');
      })
      .map((element) => element.outerHTML.slice(0, 80)),
  );
}
