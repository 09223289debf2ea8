/**
 * The page, put together: the game's words, the client, the first screen, the world.
 *
 * Responsible for: their order, and what the address says (`?name=X&spawn=x,y`, and the impairments that the client reads). Not
 * here: any of them.
 *
 * Invariants: one client for the page's life; whatever cannot begin says why and can be tried again.
 */

import { WorldClient } from '/client/world_client.js';
import { Settings, browserStorage } from './panels/settings.js';
import { Shell } from './shell.js';
import { StartScreen, sentence } from './panels/start.js';
import { byId, h } from '/client/dom.js';
import { glyph } from './panels/glyphs.js';
import { loadArt } from './draw/art.js';
import { loadGame } from './game.js';

const AGAIN_MS = 2000;

async function begin() {
  const { game, art } = await firstAnswer();
  const world = new WorldClient({ origin: location.origin, game });
  const restart = () => location.assign(location.pathname);
  const shell = new Shell(world, game.info, art, new Settings(browserStorage()), restart);
  Object.assign(window, { myriad: { world, stats: () => shell.stats(), shell } });
  const frame = (nowMs) => {
    requestAnimationFrame(frame);
    shell.frame(nowMs);
  };
  requestAnimationFrame(frame);
  const start = new StartScreen(byId('screens'), world, browserStorage(), restart);
  const asked = new URLSearchParams(location.search);
  const name = asked.get('name')?.trim() ?? '';
  if (name !== '') await start.openAs(name, placeOf(asked.get('spawn')));
  else await start.open(await world.world().catch(() => null));
  shell.open();
  world.events.on('farewell', async ({ reason }) => {
    if (!shell.isOpen) return; // the first screen says it already
    shell.close();
    await start.openAgain(reason);
    shell.open();
  });
}

/** A place as `x,y` in metres; nothing that is none. @param {string | null} text */
function placeOf(text) {
  const [x, y] = (text ?? '').split(',').map(Number);
  return text !== null && Number.isFinite(x) && Number.isFinite(y) ? [x, y] : undefined;
}

/** The world may be starting still. */
async function firstAnswer() {
  const words = h('p', { class: 'hint' }, 'Loading…');
  const screen = h('main', { class: 'screen night' }, h('div', { class: 'waiting' }, glyph('flame'), h('strong', null, 'Emberdale'), words));
  byId('screens').append(screen);
  for (;;) {
    try {
      const game = await loadGame();
      const art = await loadArt(game.info);
      screen.remove();
      return { game, art };
    } catch (error) {
      words.textContent = `${sentence(error)} Trying again…`;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

begin();
