/** Time of the chain: slots from genesis on, and the steps of stand-ins within them. */
import { CANDIDATES } from './draw.js';

export interface SlotParams {
  readonly genesisTime: number;
  /** Seconds. */
  readonly slot: number;
  readonly step: number;
}

export class Slots {
  readonly #params: SlotParams;
  /** Candidates whose step lies within the slot: four, with 4 s in 14. */
  readonly steps: number;

  constructor(params: SlotParams) {
    this.#params = params;
    this.steps = Math.min(CANDIDATES, Math.ceil(params.slot / params.step));
  }

  slotOf(time: number): number {
    return Math.floor((time - this.#params.genesisTime) / this.#params.slot);
  }

  timeOf(slot: number, step = 0): number {
    return this.#params.genesisTime + slot * this.#params.slot + step * this.#params.step;
  }

  /** Step of a header's time, or undefined if nobody may propose then. */
  stepOf(time: number): number | undefined {
    const step = (time - this.timeOf(this.slotOf(time))) / this.#params.step;
    return Number.isInteger(step) && step < this.steps ? step : undefined;
  }

  /** What a block of this step counts in the choice between branches. */
  points(step: number): number {
    return CANDIDATES - step;
  }

  /** Milliseconds of the next step after `now`. */
  next(now: number): number {
    const second = Math.floor(now / 1000);
    const slot = this.slotOf(second);
    for (let step = 0; step < this.steps; step += 1) if (this.timeOf(slot, step) * 1000 > now) return this.timeOf(slot, step) * 1000;
    return this.timeOf(slot + 1) * 1000;
  }

  get slotMillis(): number {
    return this.#params.slot * 1000;
  }
}
