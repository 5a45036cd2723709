/** Link quality: shares and costs from histories, by hand-computed values. */
import { COST_INFINITE, linkCost, losslessCost, recordChances, share, worthTelling, airtime } from '../../firmware/core/link/index.js';
import { check, equal, suite } from './harness.js';

suite('link quality', (t) => {
  t.test('a history takes new chances at its low end and forgets after sixteen', () => {
    equal(recordChances(0, true, 3), 0b111);
    equal(recordChances(0b111, false, 2), 0b11100);
    equal(recordChances(0b11100, true, 1), 0b111001);
    equal(recordChances(0xffff, false, 40), 0);
    equal(recordChances(0, true, 99), 0xffff);
  });

  t.test('the share counts only the chances that there were, a young history with three arrivals on credit', () => {
    equal(share(0, 0), 0);
    equal(share(0b1, 1), 255);
    equal(share(0b10, 2), 204, '1 + 3 of 2 + 3');
    equal(share(0b1011, 4), 219, '3 + 3 of 4 + 3');
    equal(share(0x1fff, 15), 223, '13 + 1 of 15 + 1');
    equal(share(0xfff0, 16), 191, 'a full history has no credit');
    equal(share(0b1000, 3), 128, 'what is older than the length does not count');
  });

  t.test('ETX: both directions multiply', () => {
    const lossless = losslessCost('air');
    equal(lossless, 21);
    equal(linkCost(lossless, 255, 255), 21);
    // 80 % each way: 1 / (0.8 * 0.8) = 1.5625; 204/255 is 0.8.
    equal(linkCost(lossless, 204, 204), 33);
    // Half one way, all the other.
    equal(linkCost(lossless, 255, 128), 42);
    equal(linkCost(lossless, 128, 255), 42);
    check(linkCost(lossless, 128, 128) > linkCost(lossless, 255, 128), 'loss both ways costs more than one way');
  });

  t.test('a poor link is used at its price, a link that is one-way is not', () => {
    equal(linkCost(21, 255, 25), 215);
    equal(linkCost(21, 8, 8), 0x3fff, 'several of the worst still add up');
    equal(linkCost(21, 0, 255), COST_INFINITE);
    equal(linkCost(21, 255, 0), COST_INFINITE);
  });

  t.test('small changes are not told, coming and going are', () => {
    check(!worthTelling(21, 21, 21), 'no change');
    check(!worthTelling(40, 50, 21), 'a quarter');
    check(worthTelling(40, 51, 21), 'more than a quarter');
    check(worthTelling(40, 29, 21), 'more than a quarter better');
    check(!worthTelling(100, 200, 21), 'a poor link twice as dear');
    check(worthTelling(100, 201, 21) && worthTelling(201, 100, 21), 'more than that');
    check(worthTelling(100, 60, 21), 'no longer poor');
    check(worthTelling(40, COST_INFINITE, 21), 'lost');
    check(worthTelling(COST_INFINITE, 168, 21), 'found');
    check(!worthTelling(COST_INFINITE, COST_INFINITE, 21), 'still lost');
  });

  t.test('airtime of the frames that were measured', () => {
    equal<number>(airtime('air', 100), 1300);
    equal<number>(airtime('air', 250), 2500);
  });
});
