/* The C API over tables in the caller's memory. */
#include "mb_kernels.h"
#include "mb_wasm_tables.h"

/* A slot of the route table, a bucket of the filter; the cursors of the walks bound their number. */
#define SLOT 32u
#define MOST (0x8000u * SLOT)

/* For the generated code the table is all of linear memory. */
#define TABLE                                                                                             \
  if (size - SLOT > MOST - SLOT || ((size & (size - 1)) | ((uintptr_t)table & 3)) != 0) return MB_LENGTH; \
  mb_wasm_tables memory = {table, (u32)size, 0};                                                          \
  const u32 mask = (u32)size / SLOT - 1
#define ANSWER(call)            \
  do {                          \
    const int found = (int)(call); \
    return memory.trapped ? MB_TRAPPED : found; \
  } while (0)

static inline __attribute__((always_inline)) u32 word(const u8* at) { return (u32)at[0] << 24 | (u32)at[1] << 16 | (u32)at[2] << 8 | at[3]; }

int mb_filter_seen(u8* table, size_t size, u32 window, u32 flow, u32 counter, u32 second) {
  TABLE;
  ANSWER(mb_wasm_filterSeen(&memory, 0, mask + 1, window, flow, counter, second));
}

int mb_route_find(u8* table, size_t size, const u8 id[8]) {
  TABLE;
  ANSWER(mb_wasm_routeFind(&memory, 0, mask, word(id), word(id + 4)));
}

int mb_route_lookup(u8* table, size_t size, const u8 id[8], int except) {
  TABLE;
  ANSWER(mb_wasm_routeLookup(&memory, 0, mask, word(id), word(id + 4), (u32)except));
}

int mb_route_update(u8* table, size_t size, const u8 id[8], u32 neighbour, u32 seqno, u32 metric, u32 cost, u32 now) {
  if (neighbour > 254) return MB_LENGTH;
  TABLE;
  ANSWER(mb_wasm_routeUpdate(&memory, 0, mask, word(id), word(id + 4), neighbour, seqno, metric, cost, now));
}

int mb_route_announced(u8* table, size_t size, u32 slot) {
  TABLE;
  mb_wasm_routeAnnounced(&memory, 0, mask, slot);
  ANSWER(MB_OK);
}

int mb_route_count(u8* table, size_t size) {
  TABLE;
  ANSWER(mb_wasm_routeSize(&memory, 0, mask));
}

int mb_route_neighbour_cost(u8* table, size_t size, u32 cursor, u32 neighbour, u32 cost, u32 now) {
  TABLE;
  ANSWER(mb_wasm_routeNeighbourCost(&memory, 0, mask, cursor, neighbour, cost, now));
}

int mb_route_expire(u8* table, size_t size, u32 cursor, u32 hold, u32 now) {
  TABLE;
  ANSWER(mb_wasm_routeExpire(&memory, 0, mask, cursor, hold, now));
}

int mb_route_read(u8* table, size_t size, u32 slot, mb_route* into) {
  TABLE;
  if (!mb_wasm_routeIsHeld(&memory, 0, mask, slot)) return MB_NONE;
  for (u32 half = 0; half < 2; half += 1) {
    const u32 w = mb_wasm_routeField(&memory, 0, slot, half);
    for (u32 i = 0; i < 4; i += 1) into->id[4 * half + i] = (u8)(w >> (24 - 8 * i));
  }
  into->seqno = (s32)mb_wasm_routeField(&memory, 0, slot, 2);
  into->neighbour = (s32)mb_wasm_routeField(&memory, 0, slot, 3);
  into->metric = (s32)mb_wasm_routeField(&memory, 0, slot, 4);
  into->alternate = (s32)mb_wasm_routeField(&memory, 0, slot, 5);
  into->alternate_metric = (s32)mb_wasm_routeField(&memory, 0, slot, 6);
  into->feasible_seqno = (s32)mb_wasm_routeField(&memory, 0, slot, 7);
  into->feasible_metric = (s32)mb_wasm_routeField(&memory, 0, slot, 8);
  ANSWER(MB_OK);
}
