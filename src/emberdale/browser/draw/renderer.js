/**
 * The world on a canvas: ground, beings and things from north to south, what is in front of them, names, effects.
 *
 * Responsible for: the order of drawing, and what is at a place of the page. Not here: the ground (`chunks.js`), which
 * step a being takes (`puppets.js`), what flies about (`effects.js`).
 *
 * Invariants: a frame changes nothing but what is drawn; nothing is allocated for what was there in the frame before;
 * places given and taken are pixels of the page, from the canvas' corner.
 */

import { makeDraft, penOf, seal } from './art.js';
import { Camera } from './camera.js';
import { Chunks } from './chunks.js';
import { Effects } from './effects.js';
import { Marks } from './marks.js';
import { PX_PER_M } from './tiles.js';
import { Plates } from './plates.js';
import { Puppets } from './puppets.js';

const MAX_RATIO = 3;
/** Within so many metres names are shown: among few, more and many. */
const PLAYER_NAMES_M = [100, 22, 12];
const NAMES_M = [13, 8, 5];
const FEW = 60;
const MANY = 150;
const ITEM_SIDE = 20;
const VIEW_MARGIN_M = 4;
const ICON_NAME_M = 3;
const GHOST = 0.3;
const PICK_ROOM_PX = 5;

/**
 * @typedef {object} Frame
 * @property {number} now  milliseconds, as of requestAnimationFrame
 * @property {any} self  the own avatar, or null
 * @property {Iterable<any>} entities  the others
 * @property {import('../map.js').ZoneMap | null} map
 * @property {Effects} [effects]
 * @property {number} [selected]  id of who is selected, 0: nobody
 * @property {number} [hovered]  id of who is pointed at
 * @property {{ x: number, y: number } | null} [aim]  where the avatar is going
 * @property {boolean} [names]  whether names are shown, usually true
 * @property {string} [zone]
 */

export class Renderer {
  /** @param {HTMLCanvasElement} canvas @param {{ art: import('./art.js').Art, info: any }} outside */
  constructor(canvas, { art, info }) {
    this.#canvas = canvas;
    const pen = canvas.getContext('2d', { alpha: false });
    if (pen === null) throw new Error('this browser does not draw');
    this.#pen = pen;
    this.#art = art;
    this.#info = info;
    this.#chunks = new Chunks(art);
    this.#puppets = new Puppets(info.states);
    this.#marks = new Marks();
    this.effects = new Effects();
    this.resize();
  }

  #canvas;
  #pen;
  #art;
  #info;
  #chunks;
  #puppets;
  #marks;
  #camera = new Camera();
  #plates = new Plates();
  #selfId = 0;
  #shadow = paintShadow();
  /** What the last frame took and drew. */
  stats = { entities: 0, sprites: 0, plates: 0, chunks: 0, chunksPainted: 0, painted: 0, effects: 0, ms: 0 };

  /** 1 is usual; larger is nearer. */
  get zoom() {
    return this.#camera.zoom;
  }

  set zoom(zoom) {
    this.#camera.zoom = zoom;
  }

  /** Pixels of the page for a metre. */
  get scale() {
    return (this.#camera.scale * PX_PER_M) / this.#camera.ratio;
  }

  /** Fits the canvas to its size on the page and to the screen's pixels. */
  resize() {
    const ratio = Math.min(globalThis.devicePixelRatio || 1, MAX_RATIO);
    const width = Math.max(1, Math.round(this.#canvas.clientWidth * ratio));
    const height = Math.max(1, Math.round(this.#canvas.clientHeight * ratio));
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    this.#camera.resize(width, height, ratio);
    this.#plates.setRatio(ratio);
  }

  /** @param {number} x @param {number} y  of the canvas on the page @returns {{ x: number, y: number }} metres */
  toWorld(x, y) {
    const { ratio } = this.#camera;
    return this.#camera.toWorld(x * ratio, y * ratio);
  }

  /** @param {number} x @param {number} y  metres @returns {{ x: number, y: number }} of the canvas on the page */
  toPage(x, y) {
    const { ratio } = this.#camera;
    return { x: this.#camera.canvasX(x) / ratio, y: this.#camera.canvasY(y) / ratio };
  }

  /** Who or what is drawn there, null if nobody but the player. The living are taken before what lies on the ground, and
   * who is nearer before who is farther. @param {number} x @param {number} y  of the canvas on the page */
  pick(x, y) {
    const { ratio } = this.#camera;
    const [canvasX, canvasY] = [x * ratio, y * ratio];
    const room = PICK_ROOM_PX * ratio;
    let [found, least] = [/** @type {number | null} */ (null), Infinity];
    for (const puppet of this.#puppets.shown) {
      if (puppet.isSelf || puppet.width === 0) continue;
      if (canvasX < puppet.left - room || canvasX > puppet.left + puppet.width + room) continue;
      if (canvasY < puppet.top - room || canvasY > puppet.top + puppet.height + room) continue;
      const [wayX, wayY] = [canvasX - puppet.left - puppet.width / 2, canvasY - puppet.top - puppet.height / 2];
      const far = Math.hypot(wayX, wayY) + (puppet.dead ? 60 : puppet.item !== 0 ? 12 : 0) * ratio;
      if (far < least) [found, least] = [puppet.id, far];
    }
    return found;
  }

  /** @param {Frame} frame */
  draw(frame) {
    const startMs = performance.now();
    const pen = this.#pen;
    pen.imageSmoothingEnabled = false;
    this.#takeIn(frame);
    if (frame.map === null) {
      pen.fillStyle = '#23263a';
      pen.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
    } else this.#chunks.draw(pen, this.#camera, frame.map, frame.now);
    this.#marks.draw(pen, this.#camera, frame, this.#puppets);
    this.#placeAll();
    this.#drawBodies(frame.now);
    if (frame.map !== null) this.#chunks.drawUpper(pen);
    this.#drawGhost(frame);
    (frame.effects ?? this.effects).draw(pen, this.#camera, this.#plates, frame.now);
    this.#drawPlates(frame);
    this.#note(startMs, frame);
  }

  #note(startMs, frame) {
    const { stats } = this;
    stats.chunks = this.#chunks.size;
    stats.chunksPainted = this.#chunks.painted;
    stats.painted = this.#art.numPainted;
    stats.effects = (frame.effects ?? this.effects).active;
    stats.ms = performance.now() - startMs;
  }

  /** Everybody's newest place; those out of view are not drawn. */
  #takeIn(frame) {
    const { self, now } = frame;
    this.#puppets.begin();
    if (self !== null) this.#camera.follow(self.x, self.y, now);
    this.stats.entities = 0;
    for (const entity of frame.entities) {
      this.stats.entities++;
      if (entity.kind >= 0 && this.#camera.sees(entity.x, entity.y, VIEW_MARGIN_M)) this.#puppets.take(entity, now).isSelf = false;
    }
    if (self !== null) this.#takeSelf(self, now);
    this.#puppets.sort();
    (frame.effects ?? this.effects).follow(this.#puppets, this.#selfId);
  }

  #selfEntity = { id: 0, kind: 1, x: 0, y: 0, heading: 0, hp: 1, state: 0, player: true, item: 0, name: '', level: 0 };

  #takeSelf(self, now) {
    const entity = this.#selfEntity;
    entity.id = this.#selfId = self.id;
    entity.kind = this.#info.kinds.player ?? 1;
    entity.x = self.x;
    entity.y = self.y;
    entity.heading = self.heading;
    entity.hp = self.max_hp > 0 ? self.hp / self.max_hp : 1;
    entity.state = self.state;
    entity.name = self.name;
    entity.level = self.private?.level ?? 0;
    this.#puppets.take(entity, now).isSelf = true;
  }

  /** Where everybody stands, and shadows of things. */
  #placeAll() {
    const pen = this.#pen;
    const { scale } = this.#camera;
    for (const puppet of this.#puppets.shown) {
      puppet.footX = this.#camera.canvasX(puppet.x);
      puppet.footY = this.#camera.canvasY(puppet.y);
      if (puppet.item === 0) continue; // beings' sheets have their own
      const wide = Math.round(14 * scale);
      const high = Math.round(wide * 0.46);
      pen.drawImage(this.#shadow, puppet.footX - (wide >> 1), puppet.footY - (high >> 1) + scale, wide, high);
    }
  }

  #drawBodies(now) {
    const { shown } = this.#puppets;
    for (let i = 0; i < shown.length; i++) {
      if (shown[i].item !== 0) this.#drawItem(shown[i], now);
      else this.#drawBeing(shown[i], now, 1);
    }
    this.stats.sprites = shown.length;
  }

  #drawItem(puppet, now) {
    const { scale } = this.#camera;
    const side = Math.round(ITEM_SIDE * scale);
    const hover = Math.round((2 + 1.5 * Math.sin(now / 380 + puppet.id)) * scale);
    const [x, y] = this.#art.iconPlace(puppet.item);
    puppet.left = puppet.footX - (side >> 1);
    puppet.top = puppet.footY - side + Math.round(4 * scale) - hover;
    puppet.width = puppet.height = side;
    this.#pen.drawImage(this.#art.icons, x, y, this.#art.iconPx, this.#art.iconPx, puppet.left, puppet.top, side, side);
  }

  #drawBeing(puppet, now, alpha) {
    const pen = this.#pen;
    const painted = this.#art.beingOf(puppet.id, puppet.kind, puppet.player);
    const { columns } = painted;
    const frame = puppet.direction * columns + puppet.frameAt(now, this.#art.frames);
    const { boxes } = painted;
    const [x, y, width, height] = [boxes[frame * 4], boxes[frame * 4 + 1], boxes[frame * 4 + 2], boxes[frame * 4 + 3]];
    const scale = this.#camera.scale * painted.scale;
    puppet.left = puppet.footX + Math.round((x - painted.footX) * scale);
    puppet.top = puppet.footY + Math.round((y - painted.footY) * scale);
    puppet.width = Math.round(width * scale);
    puppet.height = Math.round(height * scale);
    const fromX = (frame % columns) * painted.width + x;
    const fromY = puppet.direction * painted.height + y;
    if (puppet.dead) alpha *= 0.92;
    if (alpha < 1) pen.globalAlpha = alpha;
    pen.drawImage(painted.picture, fromX, fromY, width, height, puppet.left, puppet.top, puppet.width, puppet.height);
    if (puppet.isFlashing(now)) {
      pen.globalCompositeOperation = 'lighter';
      pen.drawImage(painted.picture, fromX, fromY, width, height, puppet.left, puppet.top, puppet.width, puppet.height);
      pen.globalCompositeOperation = 'source-over';
    }
    if (alpha < 1) pen.globalAlpha = 1;
  }

  /** The player and who is selected shine through what is in front of them. */
  #drawGhost(frame) {
    const self = this.#puppets.get(this.#selfId);
    if (frame.self !== null && self !== undefined) this.#drawBeing(self, frame.now, GHOST);
    const chosen = frame.selected ? this.#puppets.get(frame.selected) : undefined;
    if (chosen !== undefined && !chosen.isSelf && chosen.item === 0 && this.#puppets.shown.includes(chosen)) this.#drawBeing(chosen, frame.now, GHOST);
  }

  #drawPlates(frame) {
    this.stats.plates = 0;
    const { self, selected = 0, hovered = 0, names = true } = frame;
    for (const puppet of this.#puppets.shown) {
      const chosen = puppet.id === selected || puppet.id === hovered;
      const far = self === null ? 0 : Math.max(Math.abs(puppet.x - self.x), Math.abs(puppet.y - self.y));
      const hurt = puppet.hp < 0.999 && !puppet.dead && puppet.item === 0;
      const named = chosen || (names && this.#isNamed(puppet, far));
      if (named || hurt || puppet.isSelf) this.#drawPlate(puppet, named || puppet.isSelf, hurt || chosen || puppet.isSelf);
    }
  }

  #isNamed(puppet, far) {
    if (puppet.item !== 0) return far < ICON_NAME_M;
    const crowd = this.#puppets.shown.length;
    const step = crowd < FEW ? 0 : crowd < MANY ? 1 : 2;
    if (puppet.player) return far < PLAYER_NAMES_M[step];
    return !puppet.dead && far < NAMES_M[step];
  }

  #drawPlate(puppet, named, bar) {
    const pen = this.#pen;
    const { ratio } = this.#camera;
    let low = puppet.top - Math.round(3 * ratio);
    if (bar && puppet.item === 0 && !puppet.dead) {
      const plate = this.#plates.bar(puppet.isSelf ? 0 : puppet.player ? 1 : puppet.hp > 0.5 ? 2 : 3, puppet.hp);
      low -= plate.height;
      pen.drawImage(plate.picture, puppet.footX - (plate.width >> 1), low);
      low -= Math.round(ratio);
    }
    if (!named) return;
    const text = puppet.player ? puppet.name : (this.#info.kind_names[puppet.kind] ?? '');
    if (text === '') return;
    const plate = this.#plates.get(puppet.level > 0 ? `${text}  ${puppet.level}` : text, puppet.isSelf ? 'self' : puppet.player ? 'player' : puppet.item !== 0 ? 'item' : 'npc');
    pen.drawImage(plate.picture, puppet.footX - (plate.width >> 1), low - plate.height);
    this.stats.plates++;
  }
}

/** A soft dark ellipse. */
function paintShadow() {
  const canvas = makeDraft(28, 14);
  const pen = penOf(canvas);
  pen.fillStyle = 'rgba(16,18,36,.38)';
  pen.beginPath();
  pen.ellipse(14, 7, 13, 6, 0, 0, 2 * Math.PI);
  pen.fill();
  return seal(canvas);
}
