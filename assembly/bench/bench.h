/* What a bench source uses: counts of instructions, checks before counts, lines `name count`. */
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
#define COUNT(statement)                       \
  ({                                           \
    uint32_t before = instructions();          \
    statement;                                 \
    instructions() - before - 1;               \
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

#define DONE() (puts("done"), 0)
