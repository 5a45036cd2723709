/*
 * Runs the kernels' XS binding over requests from c-kernels.ts, under the sanitisers. All numbers are 32 bits, little-endian.
 *
 *   request   name of the function (24 octets, zero-padded) | count of buffers | of each: length, octets | count of arguments | of each:
 *             buffer (-1: the number follows) | number, or offset | length
 *   answer    the function's integer | the octets of every buffer
 *
 * A buffer is allocated at its exact length, so that one octet too far is seen. Views of one buffer overlap as they do in JavaScript.
 */
#include <stdio.h>
#include <unistd.h>
#include "mb_kernels_xs.h"

static void get(void* into, size_t length) {
  if (length > 0 && fread(into, length, 1, stdin) != 1) exit(feof(stdin) ? 0 : 1);
}

static int32_t number(void) {
  int32_t value;
  get(&value, 4);
  return value;
}

int main(void) {
  static xsMachine machine;
  xsSlot host = {0};
  kernelsDefine(&machine, &host);
  for (;;) {
    char name[25] = {0};
    get(name, 24);
    uint8_t* buffers[8];
    uint32_t lengths[8];
    const int count = number();
    for (int i = 0; i < count; i += 1) {
      lengths[i] = (uint32_t)number();
      buffers[i] = malloc(lengths[i] ? lengths[i] : 1);
      get(buffers[i], lengths[i]);
    }
    const int arguments = number();
    for (int i = 0; i < arguments; i += 1) {
      const int buffer = number();
      const int32_t value = number();
      machine.arguments[i] = buffer < 0 ? (xsSlot){.integer = value} : (xsSlot){.at = buffers[buffer] + value, .length = (uint32_t)number()};
    }
    xsCallback function = NULL;
    for (int i = 0; i < machine.function_count; i += 1)
      if (strcmp(machine.functions[i].name, name) == 0) function = machine.functions[i].function;
    if (!function) abort();
    machine.result.integer = INT32_MIN;
    function(&machine);
    fwrite(&machine.result.integer, 4, 1, stdout);
    for (int i = 0; i < count; i += 1) {
      fwrite(buffers[i], 1, lengths[i], stdout);
      free(buffers[i]);
    }
    fflush(stdout);
  }
}
