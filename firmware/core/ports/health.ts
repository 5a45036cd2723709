/** Health: what a board can say of itself, in octets and counts; read when a report is asked for. */
export interface HealthReading {
  /** XS pools: octets of chunk heap in use at the peak, and the pool's size. */
  readonly chunkPeak: number;
  readonly chunkSize: number;
  /** XS slots in use at the peak, and the pool's size (16 octets each on a board). */
  readonly slotPeak: number;
  readonly slotSize: number;
  readonly stackPeak: number;
  readonly stackSize: number;
  /** Metered XS computation since boot (bytecodes weighted by the engine). */
  readonly computation: number;
  /** Frames lost before JavaScript saw them: receive ring or event queue full. */
  readonly overruns: number;
}

export interface Health {
  read(): HealthReading;
}
