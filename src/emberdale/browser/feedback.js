/**
 * What one is told of what happens: blows, levels, what is confirmed, zones, walls, events of the world.
 *
 * Responsible for: which happening becomes which words, sound and picture. Not here: how words are shown
 * (`panels/notices.js`), numbers that fly over heads (`draw/`).
 *
 * Invariant: what one got is said when the server has confirmed it, not before.
 */

import { COINS } from './panels/items.js';

const LOUD_M = 25;
const TELLING = new Set(['pick up', 'loot']);
const LANDS = { vale: 'Green vales', ashlands: 'Ashlands', frost: 'The frozen north', dunes: 'The dunes', fen: 'The fens' };

/** @param {any} shell */
export function listen(shell) {
  const { world, info, notices, sound, items, land, chat } = shell;
  /** Balances before, by asset. @type {Map<number, number>} */
  const balances = new Map();
  world.events.on('hit', (event) => heardBlow(shell, event));
  world.events.on('confirmed', (message) => {
    const { asset, balance, reason } = message;
    if (asset === info.level_asset) {
      notices.title(`Level ${balance}`, 'You are stronger than before', 'level');
      chat.note(`You have reached level ${balance}.`);
      return sound.play('level');
    }
    const before = balances.get(asset);
    balances.set(asset, balance);
    if (!TELLING.has(info.reasons[reason])) return undefined;
    const gained = before === undefined ? 0 : balance - before;
    sound.play(asset === COINS ? 'coins' : 'take');
    if (gained > 0) notices.toast(`+ ${items.words(asset, gained)}`, items.icon(asset), 'gain');
    else notices.toast(`${items.name(asset)}: ${balance} now`, items.icon(asset), 'gain');
  });
  shell.noteBalances = () => {
    for (const asset of Object.keys(info.assets).map(Number)) if (!balances.has(asset)) balances.set(asset, shell.bag.total(asset));
  };
  let named = '';
  const nameZone = () => {
    const { map } = world;
    if (map === null || map.zone !== world.zone) return;
    land.learn(map);
    if (named === world.zone) return;
    named = world.zone;
    notices.title(map.title, LANDS[map.biome] ?? '');
  };
  world.events.on('zone', nameZone);
  world.events.on('map', nameZone);
  shell.nameZone = nameZone;
  world.events.on('wall', ({ zone }) => notices.wall(land.titleOf(zone)));
  world.events.on('worldEvent', (event) => {
    notices.worldEvent(event);
    if (event.started) sound.play('event');
    chat.note(event.started ? `${event.name}: ${event.text}` : `${event.name} is over.`);
  });
  world.events.on('error', ({ message }) => notices.toast(message));
  world.events.on('load', ({ rung, name }) => rung > 0 && notices.toast(`The land is crowded: ${name}`));
}

function heardBlow({ world, sound }, { kindName, target, source }) {
  const { self } = world;
  if (self === null) return;
  const mine = source === self.id || target === self.id;
  const other = world.entity(target);
  const far = target === self.id || other === null ? 0 : Math.hypot(other.x - self.x, other.y - self.y);
  if (far > LOUD_M) return;
  const loud = (mine ? 1 : 0.35) * (1 - far / LOUD_M);
  if (kindName === 'hit') sound.play(target === self.id ? 'hurt' : 'hit', loud);
  else if (kindName === 'miss') sound.play('miss', loud);
  else if (kindName === 'death') sound.play('death', loud);
}
