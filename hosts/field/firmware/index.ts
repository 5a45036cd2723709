export { boardOf, type Board } from './boards.js';
export { buildFirmware } from './build.js';
export { sdkParts, type SdkPart } from './sdk.js';
