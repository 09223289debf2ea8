/**
 * Sounds, made of tones and noise: there are no files.
 *
 * Invariants: nothing sounds before the player has touched the page (browsers forbid it) or with the volume at 0; a sound
 * that fails is silence.
 */

/** Tones: wave, from Hz, to Hz, seconds, loudness, after seconds. @type {Record<string, [OscillatorType | 'noise', number, number, number, number, number?][]>} */
const SOUNDS = {
  hit: [['noise', 900, 300, 0.09, 0.5], ['square', 170, 80, 0.08, 0.25]],
  hurt: [['sawtooth', 220, 90, 0.16, 0.35], ['noise', 600, 200, 0.1, 0.3]],
  miss: [['noise', 2600, 900, 0.1, 0.12]],
  death: [['sawtooth', 200, 50, 0.5, 0.3], ['noise', 500, 100, 0.3, 0.25]],
  level: [['square', 523, 523, 0.12, 0.18], ['square', 659, 659, 0.12, 0.18, 0.12], ['square', 784, 784, 0.12, 0.18, 0.24], ['square', 1047, 1047, 0.3, 0.2, 0.36]],
  coins: [['square', 1250, 1250, 0.05, 0.12], ['square', 1680, 1680, 0.12, 0.12, 0.06]],
  take: [['triangle', 420, 640, 0.1, 0.25]],
  eat: [['noise', 700, 500, 0.06, 0.25], ['noise', 600, 400, 0.06, 0.25, 0.11]],
  equip: [['triangle', 700, 300, 0.09, 0.25], ['noise', 3000, 2000, 0.05, 0.12]],
  ask: [['triangle', 660, 660, 0.12, 0.22], ['triangle', 880, 880, 0.16, 0.22, 0.13]],
  event: [['triangle', 392, 392, 0.25, 0.25], ['triangle', 523, 523, 0.25, 0.25, 0.2], ['triangle', 659, 659, 0.5, 0.25, 0.4]],
};
const MOST_AT_ONCE = 10;

export class Sound {
  constructor() {
    this.volume = 0.5;
    /** @type {AudioContext | null} */
    this.#context = null;
    const wake = () => this.#wake();
    addEventListener('pointerdown', wake);
    addEventListener('keydown', wake);
  }

  #context;
  /** @type {AudioBuffer | null} */
  #noise = null;
  #playing = 0;

  /** @param {string} name @param {number} [loudness] */
  play(name, loudness = 1) {
    const context = this.#context;
    if (context === null || context.state !== 'running' || this.volume === 0 || this.#playing >= MOST_AT_ONCE) return;
    for (const [wave, from, to, seconds, gain, after = 0] of SOUNDS[name] ?? []) {
      const at = context.currentTime + after;
      const volume = context.createGain();
      volume.gain.setValueAtTime(Math.max(gain * loudness * this.volume, 0.0001), at);
      volume.gain.exponentialRampToValueAtTime(0.0001, at + seconds);
      volume.connect(context.destination);
      const source = wave === 'noise' ? this.#rush(context, from, to, at, seconds, volume) : this.#tone(context, wave, from, to, at, seconds, volume);
      this.#playing++;
      source.onended = () => this.#playing--;
      source.start(at);
      source.stop(at + seconds);
    }
  }

  #tone(context, wave, from, to, at, seconds, out) {
    const tone = context.createOscillator();
    tone.type = wave;
    tone.frequency.setValueAtTime(from, at);
    tone.frequency.exponentialRampToValueAtTime(to, at + seconds);
    tone.connect(out);
    return tone;
  }

  #rush(context, from, to, at, seconds, out) {
    const rush = context.createBufferSource();
    rush.buffer = this.#noise;
    const filter = context.createBiquadFilter();
    filter.type = 'bandpass';
    filter.frequency.setValueAtTime(from, at);
    filter.frequency.exponentialRampToValueAtTime(to, at + seconds);
    rush.connect(filter).connect(out);
    return rush;
  }

  #wake() {
    if (typeof AudioContext === 'undefined') return;
    if (this.#context === null) {
      const context = new AudioContext();
      this.#noise = context.createBuffer(1, context.sampleRate, context.sampleRate);
      const samples = this.#noise.getChannelData(0);
      for (let i = 0; i < samples.length; i++) samples[i] = Math.random() * 2 - 1;
      this.#context = context;
    }
    if (this.#context.state === 'suspended') this.#context.resume().catch(() => {});
  }
}
