/** The balance at this box, in local money and in what it buys. */
import qrcode from 'qrcode-generator';
import type { JSX } from 'preact';
import { money, octets, videoMinutes } from '../model/amounts.js';
import { useStore } from './context.js';

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
        <Code text={key} label={words.keyCode} />
        <code class="key">{key}</code>
      </section>
      <p class="hint">{words.plainHttp}</p>
    </>
  );
}

/** A QR code as one path; error correction M survives a scratched screen. */
function Code({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  const code = qrcode(0, 'M');
  code.addData(text);
  code.make();
  const size = code.getModuleCount();
  let path = '';
  for (let y = 0; y < size; y += 1) for (let x = 0; x < size; x += 1) if (code.isDark(y, x)) path += `M${x + 4} ${y + 4}h1v1h-1z`;
  return (
    <svg class="qr" role="img" aria-label={label} viewBox={`0 0 ${size + 8} ${size + 8}`} shape-rendering="crispEdges">
      <rect width="100%" height="100%" fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
