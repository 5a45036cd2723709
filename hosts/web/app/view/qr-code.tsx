/** A QR code as one path; error correction M survives a scratched screen. */
import qrcode from 'qrcode-generator';
import type { JSX } from 'preact';

export function QrCode({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
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
