import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { airtime, carrierSense, expectedReceptionRatio, noiseFloor, rates, receptionRatio } from '../../hosts/sim/phy.js';
import { radioLink } from '../../hosts/sim/radio-model.js';
import { reception } from '../../hosts/sim/topology.js';

const millisecondsOf = (rate: Parameters<typeof airtime>[0], payload: number): string => (airtime(rate, payload) / 1000).toFixed(1);

suite('physical layer', () => {
  test('airtime matches the published figures at 1 Mb/s and LR at 250 kb/s', () => {
    assert.deepEqual(
      [100, 250, 1470].map((payload) => millisecondsOf('1M', payload)),
      ['1.3', '2.5', '12.6'],
    );
    assert.deepEqual(
      [100, 250, 1470].map((payload) => millisecondsOf('LR-250K', payload)),
      ['5.0', '9.8', '49.9'],
    );
  });

  test('half of all 100-octet frames pass within 1 dB of the datasheet sensitivity of -98.4 dBm', () => {
    assert.ok(receptionRatio('1M', -98.4 + 1 - noiseFloor, 100) > 0.5);
    assert.ok(receptionRatio('1M', -98.4 - 1 - noiseFloor, 100) < 0.5);
  });

  test('reception falls with length, rises with signal, and stays a share, at every rate', () => {
    for (const rate of rates) {
      for (let snr = -20; snr < 20; snr += 0.5) {
        const ratio = receptionRatio(rate, snr, 100);
        assert.ok(ratio >= 0 && ratio <= 1);
        assert.ok(receptionRatio(rate, snr + 0.5, 100) >= ratio);
        assert.ok(receptionRatio(rate, snr, 250) <= ratio);
      }
    }
  });

  test('long range reads 4 dB deeper than 1 Mb/s, and senses the carrier 4 dB deeper', () => {
    assert.equal(receptionRatio('LR-250K', -9, 100), receptionRatio('1M', -5, 100));
    assert.equal(carrierSense('LR-250K'), carrierSense('1M') - 4);
  });

  test('carrier sense begins where a hundredth of the shortest frames could be read', () => {
    const shortest = receptionRatio('1M', carrierSense('1M'), 16);
    assert.ok(shortest > 0.005 && shortest < 0.02, `${shortest}`);
  });

  test('fading smooths the edge and is symmetric about it', () => {
    assert.equal(expectedReceptionRatio('1M', 3, 0, 100), receptionRatio('1M', 3, 100));
    assert.ok(expectedReceptionRatio('1M', -2, 4, 100) < receptionRatio('1M', -2, 100));
    assert.ok(expectedReceptionRatio('1M', -8, 4, 100) > receptionRatio('1M', -8, 100));
  });

  test('the distance model gives the measured 100 % at 150 m and 60 % at 300 m, and ends somewhere', () => {
    const at = (distance: number): number => reception(radioLink({ x: 0, y: 0 }, { x: distance, y: 0 })!, '1M', 100);
    assert.ok(at(150) > 0.98, `${at(150)}`);
    assert.ok(Math.abs(at(300) - 0.6) < 0.02, `${at(300)}`);
    assert.ok(at(600) < 0.05, `${at(600)}`);
    assert.equal(radioLink({ x: 0, y: 0 }, { x: 1200, y: 0 }), undefined);
  });
});
