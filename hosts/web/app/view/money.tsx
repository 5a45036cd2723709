/** The balance at this box, in local money and in what it buys. */
import type { JSX } from 'preact';
import { money, octets, videoMinutes } from '../model/amounts.js';
import { useStore } from './context.js';
import { QrCode } from './qr-code.js';

export function Money(): JSX.Element {
  const store = useStore();
  const words = store.words.value;
  const offer = store.offer.value;
  const meter = store.meter.value;
  const key = store.identity.value!.key;
  const perMegabyte = BigInt(offer?.pricePerMegabyte ?? '0');
  const buys = meter && perMegabyte > 0n ? Number((BigInt(meter.balance) * 1_000_000n) / perMegabyte) : undefined;
  return (
    <>
      <h1>{words.money}</h1>
      {offer && meter && (
        <section class="card">
          <p class="big">
            {money(BigInt(meter.balance), offer.currency)} <small>{words.balance}</small>
          </p>
          {buys !== undefined && (
            <p class="hint">
              {octets(buys)}: {words.minutesOfVideo(videoMinutes(buys))}
            </p>
          )}
          <p class="hint">{words.perMegabyte(money(perMegabyte, offer.currency))}</p>
        </section>
      )}
      <section class="card">
        <p>{words.payIn}</p>
        <QrCode text={key} label={words.keyCode} />
        <code class="key">{key}</code>
      </section>
      <p class="hint">{words.plainHttp}</p>
    </>
  );
}
