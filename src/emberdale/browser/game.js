/**
 * Emberdale's half of the browser client: what the engine's half (`/client/world_client.js`) asks of a game.
 *
 * Responsible for: putting together the game's words and numbers, its maps and its movement. Not here: each of these,
 * drawing.
 */

import { loadMap } from './map.js';
import { movementOf } from './movement.js';

/** @param {string} [origin]  of the gateway @returns {Promise<import('/client/world_client.js').Game>} */
export async function loadGame(origin = '') {
  const answer = await fetch(`${origin}/v1/game`);
  if (!answer.ok) throw new Error(`the world does not say what game it is: status ${answer.status}`);
  const info = await answer.json();
  return { info, loadMap: (zone) => loadMap(zone, origin), predict: movementOf(info) };
}
