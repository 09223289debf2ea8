/**
 * What the player wants, made into inputs.
 *
 * Responsible for: controls and intents into input-ticks, one intent a tick. Not here: when they are due (`clock.js`).
 */

const MAX_WAITING = 8;
const TURN = 2 * Math.PI;

/** @typedef {{ x: number, y: number, run: boolean, attack: boolean, heading: number | null }} Controls */

export class Hands {
  /** @param {{ intents: Record<string, number>, buttons: Record<string, number>, events: Record<string, number> }} info */
  constructor(info) {
    this.#info = info;
    this.#eventNames = new Map(Object.entries(info.events).map(([name, number]) => [number, name]));
  }

  #info;
  #eventNames;
  /** @type {{ intent: number, argument: number }[]} */
  #waiting = [];
  #heading = 0;

  /** @param {string} name @param {number} argument */
  act(name, argument) {
    const intent = this.#info.intents[name];
    if (intent === undefined) throw new RangeError(`the game has no intent ${name}`);
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push({ intent, argument: argument >>> 0 });
  }

  forget() {
    this.#waiting = [];
  }

  /** @param {number} kind */
  eventName(kind) {
    return this.#eventNames.get(kind) ?? '';
  }

  /** `ticks` input-ticks as runs. @param {Controls} controls @param {number} ticks
   * @returns {import('./inputs.js').Run[]} */
  inputs(controls, ticks) {
    const { run = 0, attack = 0 } = this.#info.buttons;
    const buttons = (controls.run ? run : 0) | (controls.attack ? attack : 0);
    const length = Math.min(Math.hypot(controls.x, controls.y), 1);
    const magnitude = Math.round(length * 255);
    const turns = Math.atan2(controls.y, controls.x) / TURN;
    const direction = magnitude > 0 ? Math.round(turns * 256) & 0xff : 0;
    const facing = controls.heading ?? (magnitude > 0 ? turns : null);
    if (facing !== null) this.#heading = Math.floor(facing * 65536) & 0xffff;
    const runs = [];
    for (let left = ticks; left > 0; ) {
      const { intent, argument } = this.#waiting.shift() ?? { intent: 0, argument: 0 };
      const take = this.#waiting.length > 0 ? 1 : left;
      runs.push({ buttons, direction, magnitude, heading: this.#heading, ticks: take, intent, argument });
      left -= take;
    }
    return runs;
  }
}
