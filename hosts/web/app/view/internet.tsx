/** What is left, to the octet, and more of it. */
import type { JSX } from 'preact';
import { money, octets, packages, price, videoMinutes } from '../model/amounts.js';
import { useStore } from './context.js';

export function Internet(): JSX.Element {
  const store = useStore();
  const words = store.words.value;
  const offer = store.offer.value;
  const meter = store.meter.value;
  if (offer === null) return <p class="empty">{words.notSold}</p>;
  if (!offer || !meter) return <p class="empty">…</p>;
  const share = meter.bought === 0 ? 0 : meter.remaining / meter.bought;
  return (
    <>
      <h1>{words.internet}</h1>
      {offer.freeForAll && <p class="good">{words.freeForAll}</p>}
      <section class="card">
        <p class="big">
          {octets(meter.remaining)} <small>{words.left}</small>
        </p>
        <div role="meter" aria-label={words.internet} aria-valuemin={0} aria-valuemax={meter.bought} aria-valuenow={meter.remaining}>
          <div class="bar" style={{ width: `${100 * share}%` }} />
        </div>
        <p class="hint" data-remaining={meter.remaining}>
          {meter.bought === 0
            ? words.nothingYet
            : `${meter.remaining.toLocaleString(store.language.value)} B ${words.ofBought(octets(meter.bought))}`}
        </p>
        {meter.bought > 0 && meter.remaining === 0 && <p class="wait">{words.usedUp}</p>}
      </section>
      <ul class="packages">
        {packages.map((count) => {
          const cost = price(count, BigInt(offer.pricePerMegabyte));
          return (
            <li key={count}>
              <button class="primary" disabled={store.busy.value} onClick={() => void store.buy(count, words.bought(octets(count)))}>
                {store.busy.value ? words.buying : words.buy(octets(count), money(cost, offer.currency))}
              </button>
              <small>{words.minutesOfVideo(videoMinutes(count))}</small>
            </li>
          );
        })}
      </ul>
    </>
  );
}
