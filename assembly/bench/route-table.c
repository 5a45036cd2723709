/* Route table of 512 slots holding 500 destinations with two next hops each: lookups of each of them, and of 500 that it does not hold. */
#include "bench.h"
#include "mb_kernels.h"

enum { SLOTS = 512, DESTINATIONS = 500 };
static _Alignas(8) uint8_t table[SLOTS * 32];

/* Octets as random as those of a hash: splitmix64's mixer. */
static void id_of(uint32_t n, uint8_t id[8]) {
  uint64_t z = (n + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  z ^= z >> 31;
  memcpy(id, &z, 8);
}

int main(void) {
  uint8_t id[8];
  for (uint32_t n = 0; n < DESTINATIONS; n += 1) {
    id_of(n, id);
    require(mb_route_update(table, sizeof table, id, n % 100, 1, 100, 10, 0) == 2, "found");
    require(mb_route_update(table, sizeof table, id, 100 + n % 100, 1, 200, 10, 0) == 0, "second hop kept");
  }
  require(mb_route_count(table, sizeof table) == DESTINATIONS, "count");
  uint32_t total = 0, most = 0, misses = 0, other = 0;
  for (uint32_t n = 0; n < DESTINATIONS; n += 1) {
    int hop = -1;
    id_of(n, id);
    const uint32_t count = COUNT(hop = mb_route_lookup(table, sizeof table, id, -1));
    require(hop == (int)(n % 100), "next hop");
    total += count;
    if (count > most) most = count;
    other += COUNT(hop = mb_route_lookup(table, sizeof table, id, (int)(n % 100)));
    require(hop == (int)(100 + n % 100), "other hop");
    id_of(n + 1000, id);
    misses += COUNT(hop = mb_route_lookup(table, sizeof table, id, -1));
    require(hop == -1, "unknown");
  }
  report("route_lookup", total / DESTINATIONS);
  report("route_lookup_most", most);
  report("route_lookup_other", other / DESTINATIONS);
  report("route_lookup_unknown", misses / DESTINATIONS);
  id_of(7, id);
  report("route_update", COUNT(mb_route_update(table, sizeof table, id, 7, 1, 90, 10, 1)));
  report("route_expire", COUNT(require(mb_route_expire(table, sizeof table, 0, 100, 50) == -1, "nothing to expire")));
  report("stack", STACK(mb_route_update(table, sizeof table, id, 8, 1, 90, 10, 1)));
  return DONE();
}
