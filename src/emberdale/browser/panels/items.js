/**
 * What things are called, what they are good for, and what they look like in the page.
 *
 * Invariants: an asset is an item type, but coins, which are asset 0 and an item type of their own on the ground; names
 * and numbers come from the game's info alone.
 */

import { h } from '/client/dom.js';

export const COINS = 0;

/** @typedef {{ name: string, max_stack: number, heal: number, min_damage: number, max_damage: number, reach: number,
 *   cooldown_ticks: number }} ItemType */

export class Items {
  /** @param {any} info  of GET /v1/game @param {(asset: number) => HTMLElement | null} picture  made by the drawing */
  constructor(info, picture) {
    this.#info = info;
    this.#picture = picture;
    const coins = Object.entries(info.items).find(([, type]) => type.name === info.assets[COINS]);
    /** The item type of coins on the ground. */
    this.coinItem = Number(coins?.[0] ?? -1);
  }

  #info;
  #picture;

  /** @param {number} asset */
  name(asset) {
    return this.#info.assets[asset] ?? this.type(asset)?.name ?? `Thing ${asset}`;
  }

  /** @param {number} asset @param {number} amount */
  words(asset, amount) {
    if (asset === COINS) return amount === 1 ? '1 coin' : `${amount} coins`;
    return amount === 1 ? this.name(asset) : `${amount} × ${this.name(asset)}`;
  }

  /** @param {number} asset @returns {ItemType | null} */
  type(asset) {
    return this.#info.items[asset === COINS ? this.coinItem : asset] ?? null;
  }

  /** @param {number} asset */
  isWeapon(asset) {
    return (this.type(asset)?.max_damage ?? 0) > 0;
  }

  /** @param {number} asset */
  isFood(asset) {
    return (this.type(asset)?.heal ?? 0) > 0;
  }

  /** How far, how hard and how often one strikes with a weapon; 0: with bare hands. @param {number} weapon */
  blow(weapon) {
    const { rules, units_per_m: unitsPerM, protocol } = this.#info;
    const type = weapon === 0 ? null : this.type(weapon);
    return {
      reachM: (type?.reach ?? rules.fist_reach) / unitsPerM,
      low: type?.min_damage ?? rules.fist_min_damage,
      high: type?.max_damage ?? rules.fist_max_damage,
      everyS: (type?.cooldown_ticks ?? rules.fist_cooldown_ticks) / protocol.tick_hz,
    };
  }

  /** What it is good for, in a few words each. @param {number} asset @returns {string[]} */
  about(asset) {
    if (this.isWeapon(asset)) {
      const { reachM, low, high, everyS } = this.blow(asset);
      return ['Weapon', `${low}–${high} damage, every ${everyS.toFixed(1)} s`, `Reach ${reachM.toFixed(1)} m`];
    }
    if (this.isFood(asset)) return ['Food', `Heals ${this.type(asset)?.heal}`];
    if (asset === COINS) return ['Money', 'Lose a quarter of it when you fall'];
    return ['Goods', 'Worth trading'];
  }

  /** What using it does, '' if nothing. @param {number} asset @param {boolean} inHand */
  verb(asset, inHand) {
    if (this.isFood(asset)) return 'Eat';
    if (this.isWeapon(asset)) return inHand ? 'Put away' : 'Take in hand';
    return '';
  }

  /** A picture of it. @param {number} asset @returns {HTMLElement} */
  icon(asset) {
    return h('span', { class: 'icon', 'aria-hidden': 'true' }, this.#picture(asset) ?? this.name(asset).slice(0, 2));
  }
}
