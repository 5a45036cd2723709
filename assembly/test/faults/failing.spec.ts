/** Planted: as-pect.test.ts expects this to be reported. */
describe('a planted fault', () => {
  test('is seen', () => {
    expect(1).toBe(2);
  });
});
