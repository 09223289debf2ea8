/**
 * What flies, flashes and fades: damage, blows, deaths, levels, healing.
 *
 * Responsible for: turning entity events of the wire into things that are drawn for a moment. Not here: what a hit does
 * (the server), who is where (`puppets.js`).
 *
 * Invariants: a fixed number of them; when all are in use the oldest gives way; nothing is allocated in a frame.
 */

const MAX_EFFECTS = 320;
const NUMBER_MS = 1000;
const SPARK_MS = 420;
const SWING_MS = 200;
const RING_MS = 700;
const GRAVITY_MPS2 = 9;

const [NUMBER, SPARK, SWING, RING, GLOW] = [1, 2, 3, 4, 5];

class Effect {
  type = 0;
  startMs = 0;
  lastsMs = 0;
  /** Whom it is about. */
  id = 0;
  x = 0;
  y = 0;
  /** Above the ground, metres. */
  z = 0;
  speedX = 0;
  speedY = 0;
  speedZ = 0;
  size = 1;
  turn = 0;
  text = '';
  style = 'harm';
  colour = '#fff';
}

export class Effects {
  #pool = Array.from({ length: MAX_EFFECTS }, () => new Effect());
  #next = 0;
  #seed = 1;
  /** @type {import('./puppets.js').Puppets | null} */
  #puppets = null;
  #selfId = 0;
  /** How many are being shown. */
  active = 0;

  /** Whom effects may be about; the renderer says so. @param {import('./puppets.js').Puppets} puppets
   * @param {number} selfId */
  follow(puppets, selfId) {
    this.#puppets = puppets;
    this.#selfId = selfId;
  }

  /** Something happened. @param {{ kindName: string, target?: number, entity?: number, source?: number, other?: number,
   *   amount?: number }} event @param {number} [nowMs] */
  add(event, nowMs = performance.now()) {
    const id = event.target ?? event.entity ?? 0;
    const from = event.source ?? event.other ?? 0;
    const puppet = this.#puppets?.get(id);
    const amount = event.amount ?? 0;
    const striker = from === 0 ? undefined : this.#puppets?.get(from);
    if (striker !== undefined && (event.kindName === 'hit' || event.kindName === 'miss')) this.#swing(striker, puppet, nowMs);
    if (puppet === undefined) return;
    const mine = id === this.#selfId;
    switch (event.kindName) {
      case 'hit':
        puppet.flashMs = nowMs;
        this.#number(puppet, String(amount), mine ? 'hurt' : 'harm', nowMs);
        this.#burst(puppet, 7, mine ? '#ff8a70' : '#ffe08a', 2.6, nowMs);
        break;
      case 'miss':
        this.#number(puppet, 'miss', 'miss', nowMs);
        break;
      case 'death':
        this.#burst(puppet, 16, '#d9d2c4', 2.2, nowMs);
        this.#ring(puppet, '#e8ddc8', nowMs);
        break;
      case 'respawn':
        this.#ring(puppet, '#9fd8ff', nowMs);
        this.#rise(puppet, 14, '#c4ecff', nowMs);
        break;
      case 'heal':
        this.#number(puppet, `+${amount}`, 'heal', nowMs);
        this.#rise(puppet, 9, '#a6f29a', nowMs);
        break;
      case 'level':
        this.#number(puppet, `Level ${amount}`, 'levelUp', nowMs);
        this.#ring(puppet, '#ffe27a', nowMs);
        this.#rise(puppet, 26, '#ffe9a0', nowMs);
        break;
    }
  }

  #take(type, puppet, nowMs, lastsMs) {
    const effect = this.#pool[this.#next];
    this.#next = (this.#next + 1) % MAX_EFFECTS;
    effect.type = type;
    effect.id = puppet.id;
    effect.x = puppet.x;
    effect.y = puppet.y;
    effect.z = 0;
    effect.startMs = nowMs;
    effect.lastsMs = lastsMs;
    effect.speedX = effect.speedY = effect.speedZ = 0;
    return effect;
  }

  /** In [0, 1); only for show. */
  #chance() {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
    return this.#seed / 2 ** 32;
  }

  #number(puppet, text, style, nowMs) {
    const effect = this.#take(NUMBER, puppet, nowMs, style === 'levelUp' ? NUMBER_MS * 2 : NUMBER_MS);
    effect.text = text;
    effect.style = style;
    effect.z = 2.9;
    effect.speedX = (this.#chance() - 0.5) * 1.2;
    effect.speedZ = 1.3;
  }

  #burst(puppet, count, colour, speed, nowMs) {
    for (let i = 0; i < count; i++) {
      const effect = this.#take(SPARK, puppet, nowMs, SPARK_MS * (0.6 + this.#chance() * 0.8));
      const turn = this.#chance() * 2 * Math.PI;
      effect.z = 1.1;
      effect.speedX = Math.cos(turn) * speed * (0.4 + this.#chance());
      effect.speedY = Math.sin(turn) * speed * 0.5;
      effect.speedZ = 1 + this.#chance() * 2.6;
      effect.size = 1 + Math.floor(this.#chance() * 2);
      effect.colour = colour;
    }
  }

  #rise(puppet, count, colour, nowMs) {
    for (let i = 0; i < count; i++) {
      const effect = this.#take(GLOW, puppet, nowMs + this.#chance() * 300, 700 + this.#chance() * 500);
      const turn = this.#chance() * 2 * Math.PI;
      effect.speedX = Math.cos(turn) * 0.8;
      effect.speedY = Math.sin(turn) * 0.5;
      effect.speedZ = 1.4 + this.#chance() * 1.4;
      effect.size = 1 + Math.floor(this.#chance() * 2);
      effect.colour = colour;
    }
  }

  #ring(puppet, colour, nowMs) {
    this.#take(RING, puppet, nowMs, RING_MS).colour = colour;
  }

  #swing(striker, target, nowMs) {
    striker.struckMs = nowMs;
    const effect = this.#take(SWING, striker, nowMs, SWING_MS);
    effect.turn = target === undefined ? (striker.direction / 8) * 2 * Math.PI : Math.atan2(target.y - striker.y, target.x - striker.x);
    effect.colour = '#fff7e0';
  }

  /** @param {CanvasRenderingContext2D} pen @param {import('./camera.js').Camera} camera
   * @param {import('./plates.js').Plates} plates @param {number} nowMs */
  draw(pen, camera, plates, nowMs) {
    this.active = 0;
    for (let i = 0; i < MAX_EFFECTS; i++) {
      const effect = this.#pool[i];
      if (effect.type === 0) continue;
      const part = (nowMs - effect.startMs) / effect.lastsMs;
      if (part >= 1) effect.type = 0;
      if (part < 0 || part >= 1) continue;
      this.active++;
      if (!camera.sees(effect.x, effect.y, 4)) continue;
      this.#drawOne(pen, camera, plates, effect, part);
    }
    pen.globalAlpha = 1;
  }

  #drawOne(pen, camera, plates, effect, part) {
    const seconds = (part * effect.lastsMs) / 1000;
    const puppet = effect.type === SPARK ? undefined : this.#puppets?.get(effect.id);
    const x = (puppet?.x ?? effect.x) + effect.speedX * (effect.type === GLOW ? 1 : seconds);
    const y = (puppet?.y ?? effect.y) + effect.speedY * (effect.type === GLOW ? 1 : seconds);
    const fall = effect.type === SPARK ? (GRAVITY_MPS2 * seconds * seconds) / 2 : 0;
    const left = camera.canvasX(x);
    const top = camera.canvasY(y + Math.max(0, effect.z + effect.speedZ * seconds - fall) * 0.8);
    pen.globalAlpha = part < 0.6 ? 1 : (1 - part) / 0.4;
    if (effect.type === NUMBER) {
      const plate = plates.get(effect.text, effect.style);
      const grown = part < 0.12 ? 0.6 + (part / 0.12) * 0.6 : part < 0.2 ? 1.2 - ((part - 0.12) / 0.08) * 0.2 : 1;
      const [width, height] = [plate.width * grown, plate.height * grown];
      pen.drawImage(plate.picture, Math.round(left - width / 2), Math.round(top - height / 2), width, height);
    } else if (effect.type === RING) this.#drawRing(pen, camera, effect, left, top, part);
    else if (effect.type === SWING) this.#drawSwing(pen, camera, effect, left, top, part);
    else {
      const side = Math.max(1, Math.round(effect.size * camera.scale));
      pen.fillStyle = effect.colour;
      pen.fillRect(left - (side >> 1), top - (side >> 1), side, side);
    }
  }

  #drawRing(pen, camera, effect, left, top, part) {
    const wide = (0.4 + part * 1.5) * 16 * camera.scale;
    pen.globalAlpha = 1 - part;
    pen.lineWidth = Math.max(1, camera.scale * 2 * (1 - part));
    pen.strokeStyle = effect.colour;
    pen.beginPath();
    pen.ellipse(left, top, wide, wide * 0.55, 0, 0, 2 * Math.PI);
    pen.stroke();
  }

  /** A bright arc that sweeps across. */
  #drawSwing(pen, camera, effect, left, top, part) {
    const reach = 1.35 * 16 * camera.scale;
    const middle = -effect.turn;
    const from = middle - 1.25 + part * 1.5;
    pen.globalAlpha = 0.85 * (1 - part);
    pen.lineWidth = Math.max(2, camera.scale * 4 * (1 - part * 0.6));
    pen.strokeStyle = effect.colour;
    pen.lineCap = 'round';
    pen.beginPath();
    pen.ellipse(left, top - 14 * camera.scale, reach, reach * 0.72, 0, from, from + 1.0);
    pen.stroke();
  }
}
