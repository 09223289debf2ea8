/**
 * What one sees of oneself and of whom one aims at: health, stamina, experience, coins, the target.
 *
 * Responsible for: the two frames. Not here: things (`bag.js`), bars over heads (`draw/`).
 *
 * Invariant: what is shown is what the server said last, never a guess.
 */

import { h, setAttribute, setClass, setStyle, setText, show } from '/client/dom.js';
import { glyph, glyphButton } from './glyphs.js';

const LOW_HEALTH = 0.3;

/** Experience that a level begins with. @param {number} level @param {number} first  of rules */
export function experienceOf(level, first) {
  return (first * (level - 1) * level) / 2;
}

export class SelfFrame {
  /** @param {HTMLElement} parent @param {any} info */
  constructor(parent, info) {
    this.#rules = info.rules;
    this.#name = h('b', { class: 'name' });
    this.#level = h('span', { class: 'level', title: 'Level' });
    this.#health = new Bar('health', 'Health');
    this.#stamina = new Bar('stamina', 'Stamina');
    this.#growth = new Bar('growth', 'Experience');
    this.#coins = h('span', { class: 'amount' });
    this.element = h('section', { id: 'self', class: 'frame', 'aria-label': 'You' },
      h('div', { class: 'head' }, this.#level, this.#name, h('span', { class: 'coins', title: 'Coins' }, glyph('coins'), this.#coins)),
      this.#health.element, this.#stamina.element, this.#growth.element);
    parent.append(this.element);
  }

  #rules;
  #name;
  #level;
  #health;
  #stamina;
  #growth;
  #coins;

  /** @param {any} self  of the client */
  update(self) {
    const { level = 1, experience = 0, coins = 0 } = self.private;
    setText(this.#name, self.name);
    setText(this.#level, level);
    setText(this.#coins, coins.toLocaleString('en'));
    this.#health.update(self.hp, self.max_hp);
    this.#stamina.update(Math.floor(self.stamina / 100), Math.floor(this.#rules.stamina / 100));
    const from = experienceOf(level, this.#rules.level_experience);
    const to = experienceOf(level + 1, this.#rules.level_experience);
    if (level >= this.#rules.max_level) this.#growth.update(1, 1, 'Highest level');
    else this.#growth.update(experience - from, to - from);
    setClass(this.element, 'low', self.hp > 0 && self.hp < self.max_hp * LOW_HEALTH);
  }
}

export class TargetFrame {
  /** @param {HTMLElement} parent @param {any} info @param {{ menu: (entity: any, x: number, y: number) => void, clear: () => void }} deeds */
  constructor(parent, info, deeds) {
    this.#info = info;
    this.#name = h('b', { class: 'name' });
    this.#far = h('span', { class: 'far' });
    this.#health = new Bar('health', 'Health');
    this.#more = h('button', { type: 'button', class: 'button small', title: 'Trade, give, whisper', on: { click: (event) => this.#openMenu(event) } }, 'More');
    this.element = h('section', { id: 'target', class: 'frame', 'aria-label': 'Your target', hidden: true },
      h('div', { class: 'head' }, this.#name, this.#far, this.#more, glyphButton('close', 'No target', deeds.clear, 'quiet')),
      this.#health.element);
    this.#deeds = deeds;
    parent.append(this.element);
  }

  #info;
  #deeds;
  #name;
  #far;
  #health;
  #more;
  /** @type {any} */
  #entity = null;

  /** @param {any} entity  null: none @param {any} self */
  update(entity, self) {
    this.#entity = entity;
    show(this.element, entity !== null);
    if (entity === null) return;
    setText(this.#name, entity.player ? entity.name || 'Somebody' : entity.kindName);
    setText(this.#far, `${Math.round(Math.hypot(entity.x - self.x, entity.y - self.y))} m`);
    const dead = entity.state === this.#info.states.dead;
    this.#health.update(dead ? 0 : Math.max(1, Math.round(entity.hp * 100)), 100, dead ? 'Fallen' : undefined, '%');
    setClass(this.element, 'friend', entity.player);
    show(this.#more, entity.player);
  }

  #openMenu(event) {
    const { left, bottom } = event.currentTarget.getBoundingClientRect();
    if (this.#entity !== null) this.#deeds.menu(this.#entity, left, bottom + 4);
  }
}

class Bar {
  /** @param {string} kind @param {string} words */
  constructor(kind, words) {
    this.#fill = h('i', { class: 'fill' });
    this.#trail = h('i', { class: 'trail' });
    this.#text = h('span');
    this.element = h('div', { class: `bar ${kind}`, role: 'meter', 'aria-label': words, 'aria-valuemin': 0, title: words }, this.#trail, this.#fill, this.#text);
  }

  #fill;
  #trail;
  #text;

  update(value, most, words = undefined, unit = '') {
    const share = most > 0 ? Math.min(Math.max(value / most, 0), 1) : 0;
    const part = `scaleX(${share.toFixed(4)})`;
    setStyle(this.#fill, 'transform', part);
    setStyle(this.#trail, 'transform', part);
    setText(this.#text, words ?? (unit === '' ? `${value} / ${most}` : `${value} ${unit}`));
    setAttribute(this.element, 'aria-valuenow', value);
    setAttribute(this.element, 'aria-valuemax', most);
  }
}
