/**
 * The pictures: loaded once, and turned into what drawing needs.
 *
 * Responsible for: grounds and scenery as pixels, sheets of beings in their colours, icons. Not here: where and when any
 * of it is drawn. `tools/make-art` makes the files.
 *
 * Invariants: pictures that are painted from sheets are kept within a bound; a being of unknown kind looks like something.
 */

const MAX_PAINTED = 48;
const PLAYER_LOOKS = 32;
const TONES = 8;

/** @param {number} width @param {number} height */
export function makeCanvas(width, height) {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

/** A canvas to paint on and then `seal`. @param {number} width @param {number} height
 * @returns {HTMLCanvasElement | OffscreenCanvas} */
export function makeDraft(width, height) {
  return 'OffscreenCanvas' in globalThis ? new OffscreenCanvas(width, height) : makeCanvas(width, height);
}

/** A picture that does not change any more, which is quicker to draw. @param {HTMLCanvasElement | OffscreenCanvas} draft
 * @returns {ImageBitmap | HTMLCanvasElement} */
export function seal(draft) {
  return 'transferToImageBitmap' in draft ? draft.transferToImageBitmap() : draft;
}

/** @param {HTMLCanvasElement | OffscreenCanvas} canvas @returns {CanvasRenderingContext2D} */
export function penOf(canvas) {
  const pen = /** @type {CanvasRenderingContext2D | null} */ (canvas.getContext('2d'));
  if (pen === null) throw new Error('this browser does not draw');
  pen.imageSmoothingEnabled = false;
  return pen;
}

/** @returns {Promise<{ width: number, height: number, pixels: Uint32Array, image: HTMLImageElement }>} */
async function loadPicture(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = makeCanvas(image.naturalWidth, image.naturalHeight);
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true }));
  pen.drawImage(image, 0, 0);
  const { width, height } = canvas;
  return { width, height, pixels: new Uint32Array(pen.getImageData(0, 0, width, height).data.buffer), image };
}

/** A rectangle of a picture, as pixels of their own. */
function cut(picture, x, y, width, height) {
  const pixels = new Uint32Array(width * height);
  for (let row = 0; row < height; row++) {
    const from = (y + row) * picture.width + x;
    pixels.set(picture.pixels.subarray(from, from + width), row * width);
  }
  return { width, height, pixels };
}

/** @param {number} red @param {number} green @param {number} blue @param {number} [alpha] */
export function packed(red, green, blue, alpha = 255) {
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

const SHADOW = packed(16, 18, 36, 96);

/** A sheet in colours: the picture, and where on it each frame is.
 * @typedef {{ picture: CanvasImageSource, columns: number, boxes: Int16Array, width: number, height: number, footX: number, footY: number,
 *   scale: number }} Painted */

export class Art {
  /** @param {any} told  of `art.json` @param {any} info  of GET /v1/game @param {Record<string, any>} pictures */
  constructor(told, info, pictures) {
    this.told = told;
    this.frames = told.frames;
    /** Whole squares that go on at their edges, by name. @type {Record<string, Uint32Array>} */
    this.grounds = {};
    this.groundPx = told.ground_px;
    for (const [name, [x, y]] of Object.entries(told.grounds)) {
      this.grounds[name] = cut(pictures.grounds, x, y, told.ground_px, told.ground_px).pixels;
    }
    this.trees = this.#cutAll(pictures.scenery, told.trees, told.tree.width, told.tree.height);
    this.treeFoot = { x: told.tree.foot[0], y: told.tree.foot[1] };
    this.small = this.#cutAll(pictures.scenery, told.small, 32, 32);
    this.houseRise = told.house_rise;
    /** @type {Record<string, { width: number, height: number, pixels: Uint32Array }[]>} */
    this.houses = {};
    for (const [size, places] of Object.entries(told.houses)) {
      const [wide, high] = size.split('x').map(Number);
      this.houses[size] = places.map(([x, y]) => cut(pictures.scenery, x, y, wide * 32, high * 32 + told.house_rise));
    }
    this.icons = pictures.icons.image;
    this.iconPx = told.icon_px;
    this.#info = info;
    this.#pictures = pictures;
    /** @type {Map<string, Int16Array>} */
    this.#boxes = new Map();
    /** @type {Map<number | string, Painted>} */
    this.#painted = new Map();
    this.#kindByNumber = new Map(Object.entries(info.kind_names).map(([number, name]) => [Number(number), told.kinds[name]]));
  }

  #info;
  #pictures;
  #boxes;
  #painted;
  #kindByNumber;

  #cutAll(picture, places, width, height) {
    /** @type {Record<string, { width: number, height: number, pixels: Uint32Array }[]>} */
    const found = {};
    for (const [name, list] of Object.entries(places)) found[name] = list.map(([x, y]) => cut(picture, x, y, width, height));
    return found;
  }

  /** Where the icon of an asset is on `icons`. @param {number} asset  item type, 0: coins @returns {[number, number]} */
  iconPlace(asset) {
    const name = this.#info.assets[asset] ?? this.#info.items?.[asset]?.name;
    return this.told.icons[name] ?? this.told.icon_unknown;
  }

  /** A picture of an asset for panels, 32 × 32. @param {number} asset */
  iconOf(asset) {
    const canvas = makeCanvas(this.iconPx, this.iconPx);
    const [x, y] = this.iconPlace(asset);
    penOf(canvas).drawImage(this.icons, x, y, this.iconPx, this.iconPx, 0, 0, this.iconPx, this.iconPx);
    canvas.className = 'icon';
    return canvas;
  }

  /** What a being wears: the same for the same id. @param {number} id @param {number} kind @param {boolean} player
   * @returns {Painted} */
  beingOf(id, kind, player) {
    const choice = player ? -1 - (scattered(id) % PLAYER_LOOKS) : kind;
    const found = this.#painted.get(choice);
    if (found !== undefined) return found;
    if (this.#painted.size >= MAX_PAINTED) {
      const oldest = this.#painted.keys().next().value;
      if (oldest !== undefined) this.#painted.delete(oldest);
    }
    const made = player ? this.#paintPlayer(-1 - choice) : this.#paintKind(kind);
    this.#painted.set(choice, made);
    return made;
  }

  /** How many painted sheets are kept. */
  get numPainted() {
    return this.#painted.size;
  }

  #paintKind(kind) {
    const look = this.#kindByNumber.get(kind) ?? this.told.kinds[Object.keys(this.told.kinds)[0]];
    return this.#paint(look.sheet, look.ramps, look.scale);
  }

  #paintPlayer(choice) {
    const { sheets, fixed, choices } = this.told.players;
    const ramps = [];
    for (const [number, ramp] of Object.entries(fixed)) ramps[Number(number) - 1] = ramp;
    for (const [number, list] of Object.entries(choices)) {
      ramps[Number(number) - 1] = list[scattered(choice * 31 + Number(number) * 7) % list.length];
    }
    return this.#paint(sheets[scattered(choice + 5) % sheets.length], ramps, 1);
  }

  /** Under everybody who stands, so that it need not be drawn apart. */
  #castShadows(pixels, sheetWidth, name) {
    const { width, height, foot } = this.told.sheets[name];
    const columns = sheetWidth / width;
    const wide = width > 50 ? 14 : 11;
    const high = wide * 0.46;
    for (let frame = 0; frame < (pixels.length / (width * height)); frame++) {
      if (frame % columns === this.frames.dead[0]) continue;
      const start = Math.floor(frame / columns) * height * sheetWidth + (frame % columns) * width;
      for (let y = Math.ceil(foot[1] - high); y <= Math.min(foot[1] + high, height - 1); y++) {
        for (let x = Math.ceil(foot[0] - wide); x <= foot[0] + wide; x++) {
          const place = start + y * sheetWidth + x;
          const far = ((x - foot[0]) / wide) ** 2 + ((y - foot[1]) / high) ** 2;
          if (far <= 1 && pixels[place] === 0) pixels[place] = SHADOW;
        }
      }
    }
  }

  #paint(name, ramps, scale) {
    const sheet = this.#pictures[name];
    const { width, height, foot } = this.told.sheets[name];
    const table = new Uint32Array(256);
    ramps.forEach((ramp, number) => {
      ramp?.forEach(([red, green, blue], tone) => (table[(number + 1) * TONES + tone] = packed(red, green, blue)));
    });
    const draft = makeDraft(sheet.width, sheet.height);
    const pen = penOf(draft);
    const data = pen.createImageData(sheet.width, sheet.height);
    const pixels = new Uint32Array(data.data.buffer);
    for (let i = 0; i < pixels.length; i++) pixels[i] = table[sheet.pixels[i] & 0xff];
    this.#castShadows(pixels, sheet.width, name);
    pen.putImageData(data, 0, 0);
    let boxes = this.#boxes.get(name);
    if (boxes === undefined) this.#boxes.set(name, (boxes = findBoxes(pixels, sheet.width, sheet.height, width, height)));
    return { picture: seal(draft), columns: sheet.width / width, boxes, width, height, footX: foot[0], footY: foot[1], scale };
  }
}

/** For each frame, line by line: left, top, width and height of what is on it. */
function findBoxes(pixels, sheetWidth, sheetHeight, width, height) {
  const columns = sheetWidth / width;
  const boxes = new Int16Array(columns * (sheetHeight / height) * 4);
  for (let frame = 0; frame * 4 < boxes.length; frame++) {
    const [x0, y0] = [(frame % columns) * width, Math.floor(frame / columns) * height];
    let [left, top, right, bottom] = [width, height, 0, 0];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        if (pixels[(y0 + y) * sheetWidth + x0 + x] === 0) continue;
        left = Math.min(left, x);
        right = Math.max(right, x + 1);
        top = Math.min(top, y);
        bottom = y + 1;
      }
    }
    boxes.set([left, top, Math.max(0, right - left), Math.max(0, bottom - top)], frame * 4);
  }
  return boxes;
}

/** A number that looks like chance, from another. @param {number} number */
export function scattered(number) {
  let mixed = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** @type {Art | null} */
let current = null;

/** Loads all pictures. @param {any} info  of GET /v1/game @param {string} [folder] @returns {Promise<Art>} */
export async function loadArt(info, folder = '/game/art') {
  const answer = await fetch(`${folder}/art.json`);
  if (!answer.ok) throw new Error(`the pictures did not come (${answer.status})`);
  const told = await answer.json();
  const names = ['grounds', 'scenery', 'icons', ...Object.keys(told.sheets)];
  const loaded = await Promise.all(names.map((name) => loadPicture(`${folder}/${name}.png`)));
  current = new Art(told, info, Object.fromEntries(names.map((name, i) => [name, loaded[i]])));
  return current;
}

/** A picture of an asset for panels, null before the pictures have come. @param {number} asset */
export function iconOf(asset) {
  return current?.iconOf(asset) ?? null;
}
