/**
 * Trade with another player: asking, both offers, agreeing to one version of them, and how it ended.
 *
 * Responsible for: the window and the words. Not here: the protocol (the client's `trade`), moving anything (the server).
 *
 * Invariants: what is shown is how the server says the trade stands; one agrees to the version on the page; after each
 * change of an offer, both have to agree anew, and agreeing is not possible for a moment.
 */

import { h, replace, setClass, setText, show } from '/client/dom.js';
import { askAmount } from './menu.js';
import { COINS } from './items.js';

const MAX_ASSETS = 20;
const CAREFUL_MS = 700;

export class TradePanel {
  /** @param {any} shell */
  constructor(shell) {
    this.#shell = shell;
    this.#mine = h('div', { class: 'offer', data: { drop: 'trade' }, role: 'group', 'aria-label': 'What you give' });
    this.#theirs = h('div', { class: 'offer', role: 'group', 'aria-label': 'What you get' });
    this.#mineState = h('span', { class: 'agreed' });
    this.#theirState = h('span', { class: 'agreed' });
    this.#partnerName = h('h3');
    this.#confirm = h('button', { type: 'button', class: 'button first', on: { click: () => this.#agree() } }, 'Agree');
    const coins = h('button', { type: 'button', class: 'button small', on: { click: () => this.#askCoins() } }, 'Coins…');
    this.window = shell.windows.make({
      id: 'trade', title: 'Trade', closed: () => this.#closedByHand(),
      body: h('div', { class: 'body' },
        h('div', { class: 'sides' },
          h('div', { class: 'side' }, h('div', { class: 'head' }, h('h3', null, 'You give'), this.#mineState), this.#mine),
          h('div', { class: 'side' }, h('div', { class: 'head' }, this.#partnerName, this.#theirState), this.#theirs)),
        h('p', { class: 'hint' }, 'Drag things here from your bag. Double-click takes one back.'),
        h('div', { class: 'row' }, coins, h('button', { type: 'button', class: 'button', on: { click: () => this.window.close() } }, 'Cancel'), this.#confirm)),
    });
    shell.world.events.on('trade', (trade) => this.#changed(trade));
  }

  #shell;
  #mine;
  #theirs;
  #mineState;
  #theirState;
  #partnerName;
  #confirm;
  #open = false;
  /** The bag was opened for the trade. */
  #openedBag = false;
  #version = 0;
  /** Asked by, so that an answer that is late is not shown as a surprise. */
  #partner = 0;

  get isOpen() {
    return this.#open;
  }

  /** @param {any} player */
  ask(player) {
    const { world, notices, isNear, tradeM } = this.#shell;
    if (!isNear(player)) return notices.toast(`${player.name || 'They'} must be within ${tradeM} m to trade`);
    world.trade.ask(player.id);
  }

  /** Adds a thing to what one gives. @param {import('./bag.js').Held} held */
  async put({ asset }) {
    if (!this.#open) return;
    const { items, bag, world, notices } = this.#shell;
    const offered = world.trade.mine.find((one) => one.asset === asset)?.amount ?? 0;
    const left = bag.total(asset) - offered;
    if (left <= 0) return notices.toast(`All your ${items.name(asset)} is in the offer`, items.icon(asset));
    if (offered === 0 && world.trade.mine.length >= MAX_ASSETS) return notices.toast('An offer has room for 20 kinds of things');
    const amount = await askAmount(`Offer ${items.name(asset)}`, 'Offer', left, items.icon(asset));
    if (amount !== null && this.#open) this.#offer(asset, offered + amount);
  }

  #askCoins() {
    if (this.#shell.bag.total(COINS) === 0) return this.#shell.notices.toast('You have no coins');
    return this.put({ asset: COINS, amount: 0, slot: 255 });
  }

  #offer(asset, amount) {
    const others = this.#shell.world.trade.mine.filter((one) => one.asset !== asset);
    this.#shell.world.trade.offer(amount > 0 ? [...others, { asset, amount }] : others);
  }

  #agree() {
    const { trade } = this.#shell.world;
    if (trade.version === this.#version) trade.confirm(this.#version);
  }

  #closedByHand() {
    if (this.#open) this.#shell.world.trade.cancel();
  }

  // What the server says.

  #changed(trade) {
    const name = this.#shell.world.nameOf(trade.partner) || 'Somebody';
    if (trade.state === 'asked') return this.#asked(trade, name);
    if (trade.state === 'open') return this.#show(trade, name);
    const wasOpen = this.#open;
    this.#open = false;
    this.window.close();
    if (wasOpen && this.#openedBag) this.#shell.bag.window.close();
    this.#shell.notices.forget(`trade ${trade.partner}`);
    if (trade.state === 'done') return this.#done(trade, name, wasOpen);
    this.#cancelled(trade, name, wasOpen);
  }

  #asked(trade, name) {
    const { notices, world } = this.#shell;
    this.#partner = trade.partner;
    if (trade.confirmed) return notices.toast(`You asked ${name} to trade`);
    this.#shell.sound.play('ask');
    notices.question(`trade ${trade.partner}`, `${name} wants to trade with you`, 'Trade', () => world.trade.ask(trade.partner), 'No, thanks', () => world.trade.cancel());
  }

  #show(trade, name) {
    const { items } = this.#shell;
    const isNew = trade.version !== this.#version;
    this.#version = trade.version;
    if (!this.#open) {
      this.#open = true;
      this.#openedBag = !this.#shell.bag.window.isOpen;
      this.#shell.notices.forget(`trade ${trade.partner}`);
      this.#shell.bag.window.open();
      this.window.open();
    }
    setText(this.window.title, `Trade with ${name}`);
    setText(this.#partnerName, `${name} gives`);
    const cell = (one, mine) => {
      const words = items.words(one.asset, one.amount);
      const take = mine ? { dblclick: () => this.#offer(one.asset, 0), keydown: (event) => event.key === 'Delete' && this.#offer(one.asset, 0) } : {};
      return h('button', { type: 'button', class: 'slot', title: words, 'aria-label': mine ? `${words}. Delete takes it back` : words, on: take }, items.icon(one.asset), h('span', { class: 'count' }, one.amount > 1 ? one.amount : ''));
    };
    replace(this.#mine, trade.mine.length > 0 ? trade.mine.map((one) => cell(one, true)) : h('p', { class: 'hint' }, 'Nothing yet'));
    replace(this.#theirs, trade.theirs.length > 0 ? trade.theirs.map((one) => cell(one, false)) : h('p', { class: 'hint' }, 'Nothing yet'));
    this.#showAgreed(this.#mineState, trade.confirmed);
    this.#showAgreed(this.#theirState, trade.partnerConfirmed);
    setText(this.#confirm, trade.confirmed ? 'Waiting…' : 'Agree');
    const isEmpty = trade.mine.length === 0 && trade.theirs.length === 0;
    this.#confirm.disabled = trade.confirmed || isNew || isEmpty;
    if (isNew && !isEmpty) setTimeout(() => this.#version === trade.version && !trade.confirmed && (this.#confirm.disabled = false), CAREFUL_MS);
  }

  #showAgreed(element, agreed) {
    setText(element, agreed ? 'agreed' : '');
    show(element, agreed);
    setClass(element.closest('.side') ?? element, 'ready', agreed);
  }

  #done(trade, name, wasOpen) {
    const { items, notices, sound, chat } = this.#shell;
    const list = (amounts) => amounts.map((one) => items.words(one.asset, one.amount)).join(', ');
    const [gave, got] = [list(trade.mine), list(trade.theirs)];
    let text = `${name} and you traded nothing`;
    if (gave !== '' && got !== '') text = `You gave ${name} ${gave} for ${got}`;
    else if (gave !== '') text = `You gave ${name} ${gave}`;
    else if (got !== '') text = `${name} gave you ${got}`;
    sound.play('coins');
    notices.toast(text, items.icon((trade.theirs[0] ?? trade.mine[0] ?? { asset: COINS }).asset));
    chat.note(`${text}.`);
    if (wasOpen) this.#partner = 0;
  }

  #cancelled(trade, name, wasOpen) {
    const { notices, world, isNear } = this.#shell;
    const partner = world.entity(trade.partner);
    if (!wasOpen && partner !== null && isNear(partner)) return notices.toast(`${name} and you do not trade`);
    if (!wasOpen) return notices.toast(`No trade with ${name}: too far away`);
    if (partner === null) return notices.toast(`${name} is gone: the trade is off, nothing changed hands`);
    notices.toast(isNear(partner) ? `The trade with ${name} is off, nothing changed hands` : `${name} is too far away now: the trade is off`);
  }
}
