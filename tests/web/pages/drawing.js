/**
 * The renderer with beings that nobody runs, on a real map: for tests, and to look at.
 *
 * `?zone=zone-1&x=340&y=500&beings=40&zoom=1` where it is and how many there are; `window.drawing` is what tests use.
 */

import { Minimap } from '/game/draw/minimap.js';
import { Renderer } from '/game/draw/renderer.js';
import { loadArt } from '/game/draw/art.js';
import { loadMap } from '/game/map.js';
import { scattered } from '/game/draw/art.js';

const asked = new URLSearchParams(location.search);
const info = await (await fetch('/v1/game')).json();
const art = await loadArt(info);
const map = await loadMap(asked.get('zone') ?? 'zone-1');
const canvas = /** @type {HTMLCanvasElement} */ (document.getElementById('world'));
const renderer = new Renderer(canvas, { art, info });
renderer.zoom = Number(asked.get('zoom') ?? 1);
const minimap = new Minimap(/** @type {HTMLCanvasElement} */ (document.getElementById('map')));
minimap.resize();
const self = {
  id: 1, name: 'Ember', x: Number(asked.get('x') ?? 340), y: Number(asked.get('y') ?? 500), heading: 0.75, hp: 82, max_hp: 100,
  state: 0, target: 0, private: { level: 7 },
};
const NAMES = ['Ada', 'Birk', 'Corvin', 'Dagny', 'Elrun', 'Finn', 'Greta', 'Halvar', 'Isolde', 'Jorun', 'Kaspar', 'Liv'];
const kinds = Object.values(info.kinds);
const items = Object.keys(info.items).map(Number);
const chance = (i, salt) => scattered(i * 977 + salt * 7919) / 2 ** 32;

function being(i, spread) {
  const type = i % 10;
  const player = type < 5;
  const item = type === 9 ? items[i % items.length] : 0;
  const kind = item !== 0 ? info.item_kind_base + item : player ? info.kinds.player : kinds[1 + (i % (kinds.length - 1))];
  const dead = !player && item === 0 && chance(i, 9) < 0.12;
  return {
    id: 100 + i, kind, kindName: info.kind_names[kind], name: player ? `${NAMES[i % NAMES.length]}${i > 24 ? i : ''}` : '', item, player,
    x: 0, y: 0, heading: 0, hp: dead ? 0 : chance(i, 3) < 0.4 ? 0.15 + 0.8 * chance(i, 4) : 1, state: dead ? 4 : 1,
    homeX: self.x + (chance(i, 1) - 0.5) * spread[0], homeY: self.y + (chance(i, 2) - 0.5) * spread[1], dead,
  };
}

/** In places where one can walk. */
function crowd(count, spread) {
  const beings = [];
  for (let i = 0; beings.length < count && i < count * 8; i++) {
    const one = being(i, spread);
    if (map.isWalkable(one.homeX, one.homeY)) beings.push({ ...one, id: 100 + beings.length });
  }
  return beings;
}

let entities = crowd(Number(asked.get('beings') ?? 30), [44, 26]);
const frame = { now: 0, self, entities, map, selected: 0, hovered: 0, aim: null, names: true };

/** Everybody walks in circles. */
function move(now) {
  frame.now = now;
  for (const one of entities) {
    const still = one.item !== 0 || one.dead || one.id % 3 === 0;
    const turn = (still ? 0 : now / 3000) + one.id * 0.37;
    one.x = one.homeX + (still ? 0 : Math.cos(turn * 2 * Math.PI));
    one.y = one.homeY + (still ? 0 : Math.sin(turn * 2 * Math.PI));
    one.heading = (turn + 0.25) % 1;
  }
}

function step(now) {
  move(now);
  renderer.draw(frame);
  minimap.draw(frame);
}

/** Milliseconds of script for each of some frames, sorted. */
function measure(frames, from = 100_000) {
  const times = [];
  for (let i = 0; i < frames; i++) {
    move(from + i * 16.7);
    const start = performance.now();
    renderer.draw(frame);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b);
}

function populate(count, spread = [44, 26]) {
  entities = frame.entities = crowd(count, spread);
  return entities.length;
}

/** An entity some metres from the player. */
function entityAt(id, x, y, more) {
  return {
    id, kind: info.kinds.player, kindName: 'Player', name: '', player: true, item: 0, heading: 0, hp: 1, state: 0,
    x: self.x + x, y: self.y + y, ...more,
  };
}

/** A frame with these entities. */
function show(list, now) {
  frame.entities = list;
  renderer.draw(Object.assign(frame, { now }));
}

const reader = /** @type {CanvasRenderingContext2D} */ (
  document.createElement('canvas').getContext('2d', { willReadFrequently: true })
);

/** The pixels of a rectangle of a canvas. */
function pixelsOf(source, left, top, width, height) {
  reader.canvas.width = width;
  reader.canvas.height = height;
  reader.drawImage(source, left, top, width, height, 0, 0, width, height);
  return new Uint32Array(reader.getImageData(0, 0, width, height).data.buffer);
}

/** In how many pixels two pictures differ. */
function differing(one, other) {
  return one.reduce((sum, pixel, i) => sum + (pixel === other[i] ? 0 : 1), 0);
}

Object.assign(window, {
  drawing: { entityAt, show, pixelsOf, differing, info, canvas, renderer, minimap, map, self, frame, step, measure, populate, art, entities: () => entities },
});
for (let i = 0; i < 40; i++) step(i * 16.7);
document.title = 'drawn';
