/**
 * Small pictures of the page itself, drawn from rows of letters.
 *
 * Not here: pictures of things and beings (`draw/`, `art/`).
 */

import { h } from '/client/dom.js';

const SVG = 'http://www.w3.org/2000/svg';

const INK = { '#': '#f2d59a', o: '#b98642', x: '#6b4524', r: '#d9573a', w: '#fff6e0', s: '#b9c2c9', d: '#6f7a85' };

const ROWS = {
  bag: ['...xxxxxx...', '...xo##ox...', '....xoox....', '...xrrrrx...', '..xo####ox..', '.xo######ox.', 'xo########ox', 'xo###oo###ox', 'xo###oo###ox', 'xo########ox', '.xoo####oox.', '..xxxxxxxx..'],
  map: ['xxxx....xxxx', 'x##xxxxxx##x', 'x##x#rr#x##x', 'x##x#rr#x##x', 'xo#x####x#ox', 'x#ox#oo#xo#x', 'x##o####o##x', 'x##xo##ox##x', 'x##x#oo#x##x', 'x##xxxxxx##x', 'xxxx....xxxx', '............'],
  gear: ['....ssss....', '.ss.s##s.ss.', '.ssssssssss.', '..ssddddss..', 'ssssd..dssss', 's#sd....ds#s', 's#sd....ds#s', 'ssssd..dssss', '..ssddddss..', '.ssssssssss.', '.ss.s##s.ss.', '....ssss....'],
  help: ['..######..', '.##....##.', '.##....##.', '.......##.', '.....###..', '....##....', '....##....', '..........', '....##....', '....##....'],
  chat: ['.xxxxxxxx.', 'x########x', 'x#xxxxxx#x', 'x########x', 'x#xxxx###x', 'x########x', '.xx##xxxx.', '..x#x.....', '..xx......', '..x.......'],
  sword: ['.......www', '......wsw.', '.....wsw..', '....wsw...', '.x.wsw....', '.xxsw.....', '..oxx.....', '.oxo.xx...', 'xo........', 'x.........'],
  hand: ['....##....', '.##.##.##.', '.##.##.##.', '.##.##.##.', '.########.', '##.#######', '##########', '.#########', '..#######.', '...#####..'],
  skull: ['..wwwwww..', '.wwwwwwww.', 'wwwwwwwwww', 'wddwwwwddw', 'wddwwwwddw', 'wwwwddwwww', '.wwwwwwww.', '..wdwwdw..', '..wwwwww..', '..w.ww.w..'],
  coins: ['...xxxx...', '.xx####xx.', '.x##oo##x.', 'x##o##o##x', 'x##o####ox', 'x##o####ox', 'x##o##o##x', '.x##oo##x.', '.xx####xx.', '...xxxx...'],
  run: ['.....###..', '.....###..', '..####....', '.#.####.#.', '...###.##.', '...####...', '..##..##..', '.##....##.', '##......##', '#.........'],
  next: ['....rr....', '....rr....', '..rrrrrr..', '.rr....rr.', 'rrr.rr.rrr', 'rrr.rr.rrr', '.rr....rr.', '..rrrrrr..', '....rr....', '....rr....'],
  close: ['##......##', '###....###', '.###..###.', '..######..', '...####...', '...####...', '..######..', '.###..###.', '###....###', '##......##'],
  flame: ['.....r....', '....rr....', '....rrr...', '..r.rrrr..', '..rrrorrr.', '.rrroo.rr.', '.rroooorr.', '.rro##orr.', '..ro##or..', '...rrrr...'],
};

/** @param {keyof typeof ROWS} name @returns {SVGElement} */
export function glyph(name) {
  const rows = ROWS[name];
  const picture = document.createElementNS(SVG, 'svg');
  picture.setAttribute('viewBox', `0 0 ${rows[0].length} ${rows.length}`);
  picture.setAttribute('class', 'glyph');
  picture.setAttribute('shape-rendering', 'crispEdges');
  picture.setAttribute('aria-hidden', 'true');
  for (const [letter, colour] of Object.entries(INK)) {
    const path = rows.flatMap((row, y) => runs(row, letter).map(([x, wide]) => `M${x} ${y}h${wide}v1h-${wide}z`)).join('');
    if (path === '') continue;
    const part = document.createElementNS(SVG, 'path');
    part.setAttribute('fill', colour);
    part.setAttribute('d', path);
    picture.append(part);
  }
  return picture;
}

function runs(row, letter) {
  const found = [];
  for (let x = 0; x < row.length; x++) {
    if (row[x] !== letter) continue;
    const from = x;
    while (row[x] === letter) x++;
    found.push([from, x - from]);
  }
  return found;
}

/** A button with a picture, and words for who points at it. @param {keyof typeof ROWS} name @param {string} words
 * @param {() => void} run @param {string} [kind] */
export function glyphButton(name, words, run, kind = '') {
  return h('button', { type: 'button', class: `round ${kind}`, title: words, 'aria-label': words, on: { click: run } }, glyph(name));
}
