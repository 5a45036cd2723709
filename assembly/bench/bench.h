/* What a bench source uses: counts of instructions, a mark on the stack, checks before counts, lines `name count`. */
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline uint32_t instructions(void) {
  uint32_t count;
  __asm__ volatile("rdinstret %0" : "=r"(count)::"memory");
  return count;
}

/* Instructions of one statement, the reading of the counter taken off. */
#define COUNT(statement)               \
  ({                                   \
    uint32_t before = instructions();  \
    statement;                         \
    instructions() - before - 1;       \
  })

static inline void report(const char* name, uint32_t count) { printf("%s %lu\n", name, (unsigned long)count); }

/* No count is printed after a wrong result. */
static inline void require(int condition, const char* what) {
  if (condition) return;
  printf("wrong: %s\n", what);
  exit(1);
}

static inline void require_hex(const uint8_t* octets, const char* hex, const char* what) {
  char digits[3] = {0};
  for (; *hex; hex += 2, octets += 1) {
    memcpy(digits, hex, 2);
    require(*octets == (uint8_t)strtoul(digits, 0, 16), what);
  }
}

/* Octets of stack that a statement uses: what it overwrites of a pattern below. */
#define STACK(statement)                                                         \
  ({                                                                             \
    uint32_t used = 0;                                                           \
    uint8_t* bottom;                                                             \
    __asm__ volatile("mv %0, sp" : "=r"(bottom));                                \
    for (int i = 1; i <= 8192; i += 1) *(volatile uint8_t*)(bottom - i) = 0xa5;  \
    statement;                                                                   \
    for (int i = 1; i <= 8192; i += 1)                                           \
      if (*(volatile uint8_t*)(bottom - i) != 0xa5) used = (uint32_t)i;          \
    used;                                                                        \
  })

#define DONE() (puts("done"), 0)
