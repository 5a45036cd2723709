/**
 * What building an image needs beyond this project: Moddable's SDK and the ESP-IDF that it names. Neither is an npm or Debian package; neither is fetched here.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The release that the firmware is written against (its BLE, Wi-Fi and update modules differ between releases). */
export const MODDABLE = '8.2.3';

export interface SdkPart {
  readonly id: string;
  readonly says: string;
  /** Version or place, if it is there and right. */
  readonly found?: string;
  readonly remedy?: string;
}

export function sdkParts(env: NodeJS.ProcessEnv = process.env): SdkPart[] {
  const sdk = env['MODDABLE'] ?? '';
  const idf = env['IDF_PATH'] ?? '';
  return [moddable(sdk), mcconfig(env), espIdf(idf, sdk)];
}

function moddable(sdk: string): SdkPart {
  const part = { id: 'moddable', says: `Moddable SDK ${MODDABLE}: builds images for boards` };
  const clone = `git clone -b ${MODDABLE} https://github.com/Moddable-OpenSource/moddable, then set MODDABLE to that folder and run make in build/makefiles/lin`;
  if (!existsSync(join(sdk, 'xs/sources/xsAll.h')) || sdk === '') return { ...part, remedy: clone };
  const version = describe(sdk);
  return version === undefined || version.startsWith(MODDABLE)
    ? { ...part, found: version ?? `${sdk}, version not told` }
    : { ...part, remedy: `it is at ${version}: git -C "$MODDABLE" checkout ${MODDABLE}, and make again` };
}

function mcconfig(env: NodeJS.ProcessEnv): SdkPart {
  const part = { id: 'mcconfig', says: 'Moddable’s build command' };
  const folder = (env['PATH'] ?? '').split(':').find((each) => each !== '' && existsSync(join(each, 'mcconfig')));
  return folder === undefined
    ? { ...part, remedy: 'add $MODDABLE/build/bin/lin/release to PATH after the SDK is made' }
    : { ...part, found: join(folder, 'mcconfig') };
}

function espIdf(idf: string, sdk: string): SdkPart {
  const wanted = expectedIdf(sdk);
  const part = { id: 'esp-idf', says: `ESP-IDF ${wanted ?? 'of the release that the SDK names'}: compilers and radio drivers` };
  const clone = `git clone -b ${wanted ?? '<EXPECTED_ESP_IDF of $MODDABLE/tools/mcconfig/make.esp32.mk>'} --recursive https://github.com/espressif/esp-idf, ./install.sh esp32,esp32c3,esp32c6,esp32s3, then . ./export.sh`;
  if (idf === '' || !existsSync(join(idf, 'tools/idf.py'))) return { ...part, remedy: clone };
  const version = describe(idf);
  return wanted === undefined || version === undefined || version.startsWith(wanted)
    ? { ...part, found: version ?? `${idf}, version not told` }
    : {
        ...part,
        remedy: `it is at ${version}, the SDK wants ${wanted}: git -C "$IDF_PATH" checkout ${wanted} && git submodule update --init --recursive`,
      };
}

/** The SDK's own word: `EXPECTED_ESP_IDF ?= v…` in its makefile. */
function expectedIdf(sdk: string): string | undefined {
  try {
    return /^EXPECTED_ESP_IDF\s*\?=\s*(\S+)/m.exec(readFileSync(join(sdk, 'tools/mcconfig/make.esp32.mk'), 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

function describe(folder: string): string | undefined {
  try {
    return execFileSync('git', ['-C', folder, 'describe', '--tags', '--always'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 10_000,
    }).trim();
  } catch {
    return undefined;
  }
}
