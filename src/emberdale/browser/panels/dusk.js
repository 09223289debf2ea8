/**
 * The picture behind the first screen: hills at dusk, a far castle, and embers that rise.
 *
 * Invariant: what does not move is drawn once; nothing moves for who prefers that.
 */

const HIGH = 150;
const HILLS = [
  { colour: '#2c2246', at: 0.6, waves: [0.021, 9, 0.057, 4] },
  { colour: '#241a33', at: 0.72, waves: [0.034, 8, 0.011, 6] },
  { colour: '#191120', at: 0.86, waves: [0.047, 5, 0.013, 7] },
];
const EMBERS = 46;
const EMBER_COLOURS = ['#ffd27a', '#ff9a3d', '#e2582c'];
const FRAME_MS = 50;

/** Draws it until the returned function is called. @param {HTMLCanvasElement} canvas */
export function paintDusk(canvas) {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const pen = canvas.getContext('2d');
  if (pen === null) return () => {};
  let scene = document.createElement('canvas');
  let drawnMs = -FRAME_MS;
  let running = true;
  const resize = () => {
    canvas.height = HIGH;
    canvas.width = Math.max(80, Math.round((HIGH * innerWidth) / innerHeight));
    scene = drawScene(canvas.width);
    drawnMs = -FRAME_MS;
  };
  const frame = (nowMs) => {
    if (!running) return;
    if (nowMs - drawnMs >= FRAME_MS) {
      drawnMs = nowMs;
      pen.drawImage(scene, 0, 0);
      drawEmbers(pen, canvas.width, still ? 20_000 : nowMs);
    }
    if (!still) requestAnimationFrame(frame);
  };
  const again = () => {
    resize();
    if (still) frame(0);
  };
  addEventListener('resize', again);
  resize();
  requestAnimationFrame(frame);
  return () => {
    running = false;
    removeEventListener('resize', again);
  };
}

/** The same number for the same place, 0 to 1. */
function noise(n) {
  const x = Math.sin(n * 127.1 + 311.7) * 43758.5453;
  return x - Math.floor(x);
}

function drawScene(wide) {
  const scene = document.createElement('canvas');
  scene.width = wide;
  scene.height = HIGH;
  const pen = scene.getContext('2d');
  const bands = ['#17132b', '#1d1735', '#271b3f', '#3a2146', '#552848', '#763244', '#9c4138', '#c55a30', '#e0782f'];
  bands.forEach((colour, i) => {
    pen.fillStyle = colour;
    pen.fillRect(0, Math.round((i * HIGH * 0.8) / bands.length), wide, HIGH);
  });
  pen.fillStyle = '#f6e7c1';
  for (let i = 0; i < wide / 4; i++) {
    pen.globalAlpha = 0.25 + noise(i + 40) * 0.6;
    pen.fillRect(Math.floor(noise(i) * wide), Math.floor(noise(i + 900) ** 2 * HIGH * 0.5), 1, 1);
  }
  pen.globalAlpha = 1;
  for (const { colour, at, waves } of HILLS) {
    pen.fillStyle = colour;
    for (let x = 0; x < wide; x++) pen.fillRect(x, Math.round(ridge(x, at, waves)), 1, HIGH);
    if (colour === HILLS[0].colour) drawCastle(pen, Math.round(wide * 0.74), colour);
    if (colour === HILLS[1].colour) drawTrees(pen, wide, colour);
  }
  return scene;
}

const ridge = (x, at, [a, high, b, low]) => HIGH * at + Math.sin(x * a + at * 9) * high + Math.sin(x * b) * low;

function drawCastle(pen, x, colour) {
  const ground = Math.round(ridge(x, HILLS[0].at, HILLS[0].waves)) + 3;
  pen.fillStyle = colour;
  for (const [left, wide, high] of [[-12, 5, 20], [-8, 18, 13], [8, 5, 24], [-2, 6, 30]]) {
    pen.fillRect(x + left, ground - high, wide, high);
    for (let k = 0; k < wide; k += 2) pen.fillRect(x + left + k, ground - high - 2, 1, 2);
  }
  pen.fillStyle = '#ffc461';
  for (const [dx, dy] of [[0, 24], [10, 18], [-10, 14], [2, 8]]) pen.fillRect(x + dx, ground - dy, 1, 2);
}

function drawTrees(pen, wide, colour) {
  pen.fillStyle = colour;
  for (let i = 0; i < wide / 7; i++) {
    const x = Math.floor(noise(i + 70) * wide);
    const y = Math.round(ridge(x, HILLS[1].at, HILLS[1].waves));
    const high = 5 + Math.floor(noise(i + 7) * 7);
    for (let k = 0; k < high; k++) pen.fillRect(x - Math.floor(k / 3), y - high + k, 1 + 2 * Math.floor(k / 3), 1);
  }
}

function drawEmbers(pen, wide, nowMs) {
  for (let i = 0; i < EMBERS; i++) {
    const life = (nowMs / (5000 + noise(i) * 6000) + noise(i + 5)) % 1;
    const x = noise(i + 11) * wide + Math.sin(life * 9 + i) * 5;
    pen.globalAlpha = Math.sin(life * Math.PI);
    pen.fillStyle = EMBER_COLOURS[i % EMBER_COLOURS.length];
    pen.fillRect(Math.floor(x), Math.floor(HIGH * (1.02 - life * 0.75)), 1, 1);
  }
  pen.globalAlpha = 1;
}
