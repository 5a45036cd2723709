/** Types of rv32-image.mjs; what it builds is told in build.d.mts. */
export declare const boardRam: Readonly<Record<'esp32c3' | 'esp32c6', number>>;
export declare const qemu: string;
export function strapsArguments(straps: {
  serial?: boolean | undefined;
  profile?: number | undefined;
  selfish?: boolean | undefined;
}): string[];
/** `radio`: the chardev, named `radio`, that the virtio console is on. */
export function qemuArguments(image: string, memory: string, radio: string, devices?: readonly string[]): string[];
