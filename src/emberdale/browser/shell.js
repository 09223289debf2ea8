/**
 * The page while one is in the world: panels, controls and drawing, put together.
 *
 * Responsible for: making them, what each gets of the others, keys and taps, the frame. Not here: any of them.
 *
 * Invariants: the frame asks the client first and draws last; what a panel shows is the client's state of this frame.
 */

import { Bag } from './panels/bag.js';
import { Carry } from './panels/carry.js';
import { Chat } from './panels/chat.js';
import { Items } from './panels/items.js';
import { Keyboard } from './controls/keyboard.js';
import { Land } from './panels/land.js';
import { Menu, askWhether } from './panels/menu.js';
import { NetworkPanel, makeHelp } from './panels/network.js';
import { Notices } from './panels/notices.js';
import { Pointer } from './controls/pointer.js';
import { Scene } from './scene.js';
import { Selection } from './controls/selection.js';
import { SelfFrame, TargetFrame } from './panels/hud.js';
import { Sound } from './sound.js';
import { Touch } from './controls/touch.js';
import { TradePanel } from './panels/trade.js';
import { Veils } from './panels/veils.js';
import { Walker } from './controls/walker.js';
import { Windows } from './panels/windows.js';
import { byId, h, setClass, setText, show } from '/client/dom.js';
import { glyphButton } from './panels/glyphs.js';
import { listen } from './feedback.js';
import { makeSettings } from './panels/settings.js';

const PANEL_MS = 50;
const TAKE_M = 12;
const GREETING_MS = 9000;

export class Shell {
  /** @param {any} world  a WorldClient @param {any} info @param {import('./draw/art.js').Art} art
   * @param {import('./panels/settings.js').Settings} settings
   * @param {() => void} restart  back to the first screen */
  constructor(world, info, art, settings, restart) {
    this.world = world;
    this.info = info;
    this.settings = settings;
    this.tradeM = info.rules.trade_distance / info.units_per_m;
    this.scene = new Scene(byId('scene'), world, info, art);
    this.items = new Items(info, (asset) => this.scene.iconOf(asset));
    this.sound = new Sound();
    this.selection = new Selection(world, info);
    this.walker = new Walker(world, info, this.selection, this.items);
    this.windows = new Windows(byId('windows'));
    this.menu = new Menu(byId('windows'));
    this.notices = new Notices({ toasts: byId('windows'), north: byId('north'), veil: byId('veil') });
    this.carry = new Carry(byId('windows'), { items: this.items, playerAt: (x, y) => this.#playerAt(x, y) });
    this.#makePanels(restart);
    this.#makeControls();
    listen(this);
    settings.follow((values) => this.#set(values));
  }

  #drawnMs = 0;
  #panelsMs = -PANEL_MS;
  fps = 60;
  isOpen = false;

  /** The player is in the world. */
  open() {
    this.isOpen = true;
    show(byId('hud'), true);
    this.scene.resize();
    this.nameZone();
    this.#greet();
  }

  /** What a newcomer has to know, once. */
  #greet() {
    if (this.settings.values.met) return;
    this.settings.set({ met: true });
    const touch = document.body.classList.contains('touch');
    this.notices.toast(touch ? 'The left thumb walks, the right one fights and picks up' : 'Walk with W A S D or by clicking, fight with Space, F1 for help', null, '', GREETING_MS);
  }

  /** The world is left. */
  close() {
    this.isOpen = false;
    this.keyboard.release();
    this.#letGo();
    for (const dialog of document.querySelectorAll('dialog')) dialog.close();
    this.menu.close();
    this.windows.closeAll();
    this.veils.lift();
    show(byId('hud'), false);
    show(byId('touch'), false);
  }

  /** Once per animation frame. @param {number} nowMs */
  frame(nowMs) {
    const { world } = this;
    const passedMs = nowMs - this.#drawnMs;
    this.#drawnMs = nowMs;
    if (passedMs > 0 && passedMs < 1000) this.fps += (1000 / passedMs - this.fps) * 0.05;
    if (this.isOpen) {
      this.pointer.frame(nowMs);
      this.walker.frame(nowMs);
    }
    world.frame(nowMs);
    const { self } = world;
    if (self === null || !this.isOpen) return;
    this.scene.frame(nowMs, { self, target: this.selection.id, aim: this.walker.aim });
    if (nowMs - this.#panelsMs < PANEL_MS) return;
    this.#panelsMs = nowMs;
    this.#updatePanels(self, nowMs);
  }

  stats() {
    return { ...this.world.stats(), fps: this.fps };
  }

  /** Near enough to trade with. @param {any} player */
  isNear = (player) => {
    const { self } = this.world;
    return self !== null && Math.hypot(player.x - self.x, player.y - self.y) <= this.tradeM;
  };

  // Making.

  #makePanels(restart) {
    const { world, info } = this;
    this.selfFrame = new SelfFrame(byId('north-west'), info);
    this.targetFrame = new TargetFrame(byId('north'), info, {
      menu: (entity, x, y) => this.openMenu(entity, x, y),
      clear: () => this.#letGo(),
    });
    byId('north').prepend(this.targetFrame.element);
    this.network = new NetworkPanel(byId('west'), () => this.stats());
    this.land = new Land(byId('north-east'), this, this.scene.minimap);
    this.bag = new Bag(this);
    this.trade = new TradePanel(this);
    this.help = makeHelp(this.windows);
    this.settingsWindow = makeSettings(this, () => this.#leave(restart));
    this.chat = new Chat(byId('south-west'), world, { meet: (id, name, x, y) => this.#meet(id, name, x, y) });
    this.veils = new Veils(byId('screens'), this);
    byId('south').append(h('section', { id: 'belt', class: 'frame', 'aria-label': 'First slots' }, this.bag.belt));
    this.unread = h('span', { class: 'badge' });
    const chatButton = glyphButton('chat', 'Chat (Enter)', () => this.chat.write(), 'chat-button');
    chatButton.append(this.unread);
    byId('north-east').append(h('div', { id: 'buttons' }, chatButton,
      glyphButton('bag', 'Bag (I)', () => this.bag.window.toggle()),
      glyphButton('map', 'World map (M)', () => this.land.window.toggle()),
      glyphButton('gear', 'Settings (O)', () => this.settingsWindow.toggle()),
      glyphButton('help', 'Help (F1)', () => this.help.toggle(), 'help-button')));
  }

  #makeControls() {
    const attack = (held) => {
      this.walker.holdsAttack = held;
      if (held) this.#strike();
    };
    this.keyboard = new Keyboard(this.walker, { active: () => this.isOpen, attack, press: (code, key) => this.#press(code, key) });
    this.pointer = new Pointer(byId('scene'), this.scene, {
      tap: (place, entity) => this.#tap(place, entity),
      menu: (entity, x, y) => this.openMenu(entity, x, y),
      follow: (place) => this.walker.go({ kind: 'walk', ...place }),
      zoom: (factor) => this.settings.set({ zoom: this.settings.values.zoom * factor }),
    });
    this.touch = new Touch(byId('touch'), this.walker, { attack, take: () => this.#take(), next: () => this.selection.next() });
    const coarse = matchMedia('(pointer: coarse)');
    const choose = () => setClass(document.body, 'touch', coarse.matches);
    coarse.addEventListener('change', choose);
    choose();
  }

  #set({ zoom, names, sound, run }) {
    this.scene.zoom = zoom;
    this.scene.names = names;
    this.sound.volume = sound;
    this.walker.alwaysRuns = run;
  }

  #updatePanels(self, nowMs) {
    this.selfFrame.update(self);
    this.targetFrame.update(this.selection.entity, self);
    this.bag.update(self);
    this.noteBalances();
    this.network.update(nowMs);
    this.land.update(self, nowMs);
    this.veils.update(self, nowMs);
    setText(this.unread, this.chat.unread > 0 ? this.chat.unread : '');
    show(byId('touch'), document.body.classList.contains('touch') && self.hp > 0);
  }

  // Deeds.

  /** @param {string} code @param {string} key */
  #press(code, key) {
    const digit = /^Digit([1-5])$/.exec(code);
    if (digit !== null) return this.bag.use(Number(digit[1]) - 1), true;
    if (key === '/') return this.chat.write('/'), true;
    if (key === '?') return this.help.toggle(), true;
    const deed = {
      Enter: () => this.chat.write(), NumpadEnter: () => this.chat.write(), Tab: () => this.selection.next(), KeyE: () => this.#take(),
      KeyF: () => this.#openTargetMenu(), KeyY: () => this.notices.answer('yes'), KeyN: () => this.notices.answer('no'),
      KeyI: () => this.bag.window.toggle(), KeyB: () => this.bag.window.toggle(), KeyM: () => this.land.window.toggle(),
      KeyO: () => this.settingsWindow.toggle(), F1: () => this.help.toggle(), F3: () => this.network.toggle(), Escape: () => this.#escape(),
    }[code];
    deed?.();
    return deed !== undefined;
  }

  #openTargetMenu() {
    const { entity } = this.selection;
    if (entity !== null) this.openMenu(entity, innerWidth / 2 - 90, innerHeight / 3);
  }

  #escape() {
    if (this.menu.isOpen) this.menu.close();
    else if (!this.windows.closeTop()) this.#letGo();
  }

  #letGo() {
    this.walker.stop();
    this.selection.clear();
  }

  #strike() {
    if (!this.walker.strike()) this.notices.toast('There is nobody to fight near');
  }

  #take() {
    const item = this.selection.nearestItem(TAKE_M);
    if (item === null) return this.notices.toast('Nothing lies here');
    this.walker.go({ kind: 'take', id: item.id });
  }

  #tap(place, entity) {
    if (entity === null) return this.walker.go({ kind: 'walk', ...place });
    if (entity.item !== 0) return this.walker.go({ kind: 'take', id: entity.id });
    if (entity.player && this.selection.id !== entity.id) return this.selection.choose(entity.id);
    if (entity.player) return this.openMenu(entity, innerWidth / 2, innerHeight / 2 - 40);
    if (!this.selection.isEnemy(entity)) return this.walker.go({ kind: 'walk', ...place });
    this.walker.go({ kind: 'attack', id: entity.id });
  }

  /** What one may do with somebody or something. @param {any} entity @param {number} x @param {number} y */
  openMenu(entity, x, y) {
    const { walker, selection, trade, chat } = this;
    if (entity.item !== 0) return this.menu.open(x, y, entity.kindName, [{ words: 'Pick up', run: () => walker.go({ kind: 'take', id: entity.id }) }]);
    selection.choose(entity.id);
    const attack = { words: 'Attack', bad: true, run: () => walker.go({ kind: 'attack', id: entity.id }) };
    if (!entity.player) return this.menu.open(x, y, entity.kindName, [attack]);
    const name = entity.name;
    const near = (then) => () => walker.go({ kind: 'meet', id: entity.id, within: this.tradeM * 0.8, then });
    this.menu.open(x, y, name || 'Somebody', [
      { words: 'Trade', run: near(() => trade.ask(entity)) },
      { words: 'Give…', run: near(() => this.#openGive(entity, x, y)) },
      { words: 'Whisper', disabled: name === '', run: () => chat.whisperTo(name) },
      { words: 'Walk there', run: () => walker.go({ kind: 'meet', id: entity.id, within: 2, then: () => {} }) },
      attack,
    ]);
  }

  /** Which thing to give. */
  #openGive(entity, x, y) {
    const assets = [...new Set([0, ...(this.world.self?.private.slot_item ?? [])])].filter((asset) => this.bag.total(asset) > 0 && (asset !== 0 || this.bag.total(0) > 0));
    if (assets.length === 0) return this.notices.toast('You have nothing to give');
    this.menu.open(x, y, `Give ${entity.name || 'them'}`, assets.map((asset) => ({
      words: this.items.words(asset, this.bag.total(asset)), run: () => this.bag.askGive({ asset, amount: 0, slot: 0 }, entity),
    })));
  }

  /** A name in the chat was pressed. */
  #meet(id, name, x, y) {
    const entity = this.world.entity(id);
    if (entity !== null) return this.openMenu(entity, x, y);
    if (id !== this.world.self?.id && name !== '') this.chat.whisperTo(name);
  }

  #playerAt(x, y) {
    const entity = this.scene.pick(x, y);
    return entity?.player ? entity : null;
  }

  async #leave(restart) {
    if (!(await askWhether('Leave the world?', 'Your avatar goes with you; everything it holds is kept.', 'Leave'))) return;
    this.world.leave();
    restart();
  }
}
