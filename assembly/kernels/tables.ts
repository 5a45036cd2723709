/** Everything the wasm module `tables` exports: tables in memory that the caller sizes, apart from the fixed arena of `kernels`. */
export { filterSeen } from './duplicate-filter';
export {
  routeAnnounced,
  routeExpire,
  routeField,
  routeFind,
  routeIsHeld,
  routeLookup,
  routeNeighbourCost,
  routeSize,
  routeUpdate,
} from './route-table';
