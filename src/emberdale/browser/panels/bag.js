/**
 * What one carries: twenty slots, coins, the weapon in hand, and the row of the first slots at the foot of the page.
 *
 * Responsible for: showing and using them; what a drag of a thing means. Not here: how things are dragged (`carry.js`),
 * trade (`trade.js`).
 *
 * Invariants: what is shown is the private state of the server; nothing is moved before the server says so.
 */

import { h, replace, setAttribute, setClass, setText, show } from '/client/dom.js';
import { askAmount } from './menu.js';
import { glyph } from './glyphs.js';
import { COINS } from './items.js';

const COIN_SLOT = 255;
const COLUMNS = 5;
const BELT = 5;
const MAX_PILE = 65535;

/** @typedef {{ asset: number, amount: number, slot: number }} Held  `slot` 255: coins */

export class Bag {
  /** @param {any} shell  what panels have in common (`main.js`) */
  constructor(shell) {
    this.#shell = shell;
    this.#cells = Array.from({ length: 20 }, (_, slot) => this.#cell(slot, `Slot ${slot + 1}`));
    this.#coins = h('b');
    const coinCell = h('button', { type: 'button', class: 'purse', title: 'Coins: drag or right-click to drop or give' }, glyph('coins'), this.#coins);
    this.#bind(coinCell, () => ({ asset: COINS, amount: this.#private.coins ?? 0, slot: COIN_SLOT }));
    this.#hand = h('button', { type: 'button', class: 'slot hand', data: { drop: 'hand' } });
    this.#bind(this.#hand, () => this.#inHand());
    this.#handWords = h('div', { class: 'about' });
    const grid = h('div', { class: 'slots', role: 'group', 'aria-label': 'What you carry', on: { keydown: (event) => this.#walk(event) } }, this.#cells);
    const foot = h('p', { class: 'hint' }, 'Double-click or tap twice to use. Drag out to drop, onto a player to give.');
    this.window = shell.windows.make({
      id: 'bag', title: 'Bag',
      body: h('div', { class: 'body' }, h('div', { class: 'equipment' }, this.#hand, this.#handWords), grid, coinCell, foot),
    });
    this.window.element.dataset.drop = 'bag';
    this.#belt = Array.from({ length: BELT }, (_, slot) => this.#cell(slot, `Slot ${slot + 1}, key ${slot + 1}`));
    this.#belt.forEach((cell, slot) => cell.append(h('kbd', null, slot + 1)));
  }

  #shell;
  #cells;
  #belt;
  #coins;
  #hand;
  #handWords;
  #private = /** @type {any} */ ({});
  #shown = '';

  /** The row for the foot of the page. @returns {HTMLElement[]} */
  get belt() {
    return this.#belt;
  }

  /** @param {any} self */
  update(self) {
    this.#private = self.private;
    const { slot_item: items = [], slot_count: counts = [], weapon = 0, coins = 0 } = this.#private;
    setText(this.#coins, coins.toLocaleString('en'));
    const now = `${items}|${counts}|${weapon}`;
    if (now === this.#shown) return;
    this.#shown = now;
    for (const cell of [...this.#cells, ...this.#belt]) this.#fill(cell, items[cell.dataset.slot] ?? 0, counts[cell.dataset.slot] ?? 0);
    this.#fillHand(weapon);
  }

  /** @param {number} slot @returns {Held | null} */
  heldIn(slot) {
    const asset = this.#private.slot_item?.[slot] ?? 0;
    return asset === 0 ? null : { asset, amount: this.#private.slot_count[slot], slot };
  }

  /** How much of an asset one has in all. @param {number} asset */
  total(asset) {
    const { slot_item: items = [], slot_count: counts = [], coins = 0 } = this.#private;
    if (asset === COINS) return coins;
    return items.reduce((sum, item, slot) => sum + (item === asset ? counts[slot] : 0), 0);
  }

  /** Eats it or takes it in hand. @param {number} slot */
  use(slot) {
    const held = this.heldIn(slot);
    if (held === null) return;
    const { items, world, notices } = this.#shell;
    if (items.verb(held.asset, false) === '') return notices.toast(`${items.name(held.asset)}: nothing to use it for`, items.icon(held.asset));
    const self = world.self;
    if (items.isFood(held.asset) && self !== null && self.hp >= self.max_hp) return notices.toast('You are in good health already', items.icon(held.asset));
    world.act('use', slot);
    this.#shell.sound.play(items.isFood(held.asset) ? 'eat' : 'equip');
  }

  /** @param {Held} held @param {number} [amount] */
  drop({ slot, amount: all }, amount = all) {
    if (amount > 0) this.#shell.world.act('drop', (slot & 0xff) | ((amount < all || slot === COIN_SLOT ? amount : 0) << 8));
  }

  /** @param {Held} held */
  async askDrop(held) {
    const { items } = this.#shell;
    const most = Math.min(held.amount, MAX_PILE);
    const amount = await askAmount(`Drop ${items.name(held.asset)}`, 'Drop', most, items.icon(held.asset));
    if (amount !== null) this.drop(held, amount);
  }

  /** @param {Held} held @param {any} player */
  async askGive({ asset }, player) {
    const { items, world, notices } = this.#shell;
    const name = player.name || 'them';
    const amount = await askAmount(`Give ${items.name(asset)} to ${name}`, 'Give', this.total(asset), items.icon(asset));
    if (amount === null) return;
    if (!this.#shell.isNear(player)) return notices.toast(`${name} is too far away to give things to`);
    world.give(player.id, asset, amount);
  }

  // Cells.

  #cell(slot, words) {
    const cell = h('button', { type: 'button', class: 'slot', data: { slot, words } });
    this.#bind(cell, () => this.heldIn(slot));
    return cell;
  }

  /** @param {HTMLElement} cell @param {() => Held | null} held */
  #bind(cell, held) {
    this.#shell.carry.bind(cell, held, {
      use: (thing) => this.use(thing.slot),
      menu: (thing, x, y) => this.#openMenu(thing, x, y),
      dropped: (thing, place) => this.#dropped(thing, place),
    });
  }

  #fill(cell, asset, amount) {
    const { items } = this.#shell;
    const key = cell.querySelector('kbd');
    const about = asset === 0 ? 'empty' : [items.words(asset, amount), ...items.about(asset)].join('. ');
    replace(cell, asset === 0 ? null : items.icon(asset), amount > 1 ? h('span', { class: 'count' }, amount) : null, key);
    setAttribute(cell, 'aria-label', `${cell.dataset.words}: ${about}`);
    setClass(cell, 'empty', asset === 0);
    setClass(cell, 'inhand', asset !== 0 && asset === this.#private.weapon);
  }

  #inHand() {
    const weapon = this.#private.weapon ?? 0;
    const slot = weapon === 0 ? -1 : this.#private.slot_item.indexOf(weapon);
    return slot < 0 ? null : this.heldIn(slot);
  }

  #fillHand(weapon) {
    const { items } = this.#shell;
    const { low, high, everyS, reachM } = items.blow(weapon);
    const name = weapon === 0 ? 'Bare hands' : items.name(weapon);
    replace(this.#hand, weapon === 0 ? glyph('hand') : items.icon(weapon));
    setAttribute(this.#hand, 'aria-label', `In hand: ${name}`);
    setClass(this.#hand, 'empty', weapon === 0);
    replace(this.#handWords, h('span', { class: 'hint' }, 'In hand'), h('b', null, name), h('span', null, `${low}–${high} damage every ${everyS.toFixed(1)} s`), h('span', null, `reach ${reachM.toFixed(1)} m`));
  }

  // Deeds.

  /** What letting go of a thing somewhere means. @param {Held} held
   * @param {{ kind: 'page' | 'world', drop?: string, player?: any, shift: boolean }} place */
  #dropped(held, { kind, drop, player, shift }) {
    const { trade, items, notices } = this.#shell;
    if (drop === 'trade') return void trade.put(held);
    if (drop === 'hand') return held.slot !== COIN_SLOT && items.isWeapon(held.asset) && held.asset !== this.#private.weapon ? this.use(held.slot) : undefined;
    if (kind !== 'world') return;
    if (player) return void this.askGive(held, player);
    if (held.slot === COIN_SLOT || shift) return void this.askDrop(held);
    this.drop(held);
    notices.toast(`Dropped ${items.words(held.asset, held.amount)}`, items.icon(held.asset));
  }

  #openMenu(held, x, y) {
    const { items, menu, trade, selection } = this.#shell;
    const isCoins = held.slot === COIN_SLOT;
    const verb = isCoins ? '' : items.verb(held.asset, held.asset === this.#private.weapon);
    const player = selection.entity?.player ? selection.entity : null;
    menu.open(x, y, items.words(held.asset, held.amount), [
      verb === '' ? null : { words: verb, run: () => this.use(held.slot) },
      trade.isOpen ? { words: 'Offer', run: () => trade.put(held) } : null,
      player === null ? null : { words: `Give to ${player.name || 'target'}…`, run: () => this.askGive(held, player) },
      isCoins || held.amount === 1 ? null : { words: 'Drop one', run: () => this.drop(held, 1) },
      held.amount > 1 ? { words: 'Drop some…', run: () => this.askDrop(held) } : null,
      isCoins ? null : { words: held.amount > 1 ? 'Drop all' : 'Drop', bad: true, run: () => this.drop(held) },
    ]);
  }

  /** Arrow keys go from slot to slot; Delete drops. */
  #walk(event) {
    const at = this.#cells.indexOf(event.target);
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
    if (at < 0 || (step === undefined && event.key !== 'Delete')) return;
    event.preventDefault();
    event.stopPropagation();
    if (step !== undefined) return this.#cells[at + step]?.focus();
    const held = this.heldIn(at);
    if (held !== null) this.askDrop(held);
  }
}
