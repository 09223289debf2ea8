/**
 * Maps of zones, each loaded once.
 */

export class Atlas {
  /** @param {(zone: string) => Promise<any>} load @param {(zone: string, map: any) => void} came
   * @param {(zone: string, error: any) => void} failed */
  constructor(load, came, failed) {
    this.#load = load;
    this.#came = came;
    this.#failed = failed;
  }

  #load;
  #came;
  #failed;
  /** @type {Map<string, { map: any, coming: Promise<void> }>} */
  #zones = new Map();

  /** The map of a zone, null if it has not come. @param {string} zone */
  get(zone) {
    return this.#zones.get(zone)?.map ?? null;
  }

  /** Loads a map, unless it is here or under way; one that did not come is loaded again when it is next wanted. Resolves
   * either way. @param {string} zone */
  want(zone) {
    const known = this.#zones.get(zone);
    if (known !== undefined) return known.coming;
    const entry = { map: null, coming: this.#fetch(zone) };
    this.#zones.set(zone, entry);
    return entry.coming;
  }

  async #fetch(zone) {
    await null; // `want` has noted it by then
    try {
      const map = await this.#load(zone);
      this.#zones.get(zone).map = map;
      this.#came(zone, map);
    } catch (error) {
      this.#zones.delete(zone);
      this.#failed(zone, error);
    }
  }
}
