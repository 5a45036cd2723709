/** Planted faults: each passes on Node and must fail on XS. Not part of the portable suites. */
import { check, equal, suite } from '../../portable/harness.js';

suite('node only', (t) => {
  t.test('counts UTF-16 units', () => equal('😀'.length, 2));
  t.test('asks the wall clock', () => check(Date.now() > 0, 'no time'));
  t.test('takes entropy from the language', () => check(Math.random() < 1, 'no entropy'));
  t.test('uses a global of Node', () => equal(structuredClone(1), 1));
});
