/**
 * Rates of the last seconds, for the network panel.
 */

const KEPT_MS = 3000;

/** How much of something came in the last three seconds. */
export class Meter {
  /** @type {{ atMs: number, amount: number }[]} */
  #seen = [];

  /** @param {number} nowMs @param {number} amount */
  add(nowMs, amount) {
    this.#seen.push({ atMs: nowMs, amount });
    this.#forget(nowMs);
  }

  /** A second. @param {number} nowMs */
  rate(nowMs) {
    this.#forget(nowMs);
    const total = this.#seen.reduce((sum, one) => sum + one.amount, 0);
    return (total * 1000) / KEPT_MS;
  }

  #forget(nowMs) {
    while (this.#seen.length > 0 && this.#seen[0].atMs <= nowMs - KEPT_MS) this.#seen.shift();
  }
}

/** Which share of the server's payloads did not come, 0 to 1, smoothed over some seconds. */
export class LossMeter {
  #from = { received: 0, missed: 0, atMs: 0 };
  #share = 0;

  /** @param {import('./acks.js').Acks} acks @param {number} nowMs */
  share(acks, nowMs) {
    if (acks.numReceived < this.#from.received) this.#from = { received: 0, missed: 0, atMs: nowMs };
    const received = acks.numReceived - this.#from.received;
    const missed = Math.max(acks.numMissed - this.#from.missed, 0);
    if (nowMs - this.#from.atMs > KEPT_MS && received > 0) {
      this.#share = missed / (received + missed);
      this.#from = { received: acks.numReceived, missed: acks.numMissed, atMs: nowMs };
    }
    return this.#share;
  }
}
