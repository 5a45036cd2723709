/** The chips that MeshBox runs on. Numbers: ESP-IDF (image format, bootloader offset), the chips' reference manuals. */
export const chips = {
  esp32: { name: 'ESP32', imageId: 0, bootloaderAt: 0x1000, encryptedFlag: false },
  esp32c3: { name: 'ESP32-C3', imageId: 5, bootloaderAt: 0, encryptedFlag: true },
  esp32c6: { name: 'ESP32-C6', imageId: 13, bootloaderAt: 0, encryptedFlag: true },
  esp32s3: { name: 'ESP32-S3', imageId: 9, bootloaderAt: 0, encryptedFlag: true },
} as const;
export type ChipId = keyof typeof chips;

export const chipIds = Object.keys(chips) as readonly ChipId[];
export const isChip = (text: string): text is ChipId => text in chips;

/** A partition is erased and hashed by sectors; an app starts at a page of the cache (ESP-IDF, "Partition Tables"). */
export const SECTOR = 0x1000;
export const APP_PAGE = 0x1_0000;
