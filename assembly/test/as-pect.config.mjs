/** as-pect's settings; run from the project's root by test/kernels/as-pect.test.ts. ASPECT_SPECS: other specs, for a planted fault. */
export default {
  entries: [process.env.ASPECT_SPECS ?? 'assembly/test/*.spec.ts'],
  include: [],
  disclude: [/node_modules/],
  instantiate: (memory, createImports, instantiate, binary) => instantiate(binary, createImports({ env: { memory } })),
  outputBinary: false,
};
