/**
 * Counters that wrap, compared by serial arithmetic (RFC 1982).
 */

/** True if `a` is newer than `b`, both u8. @param {number} a @param {number} b */
export function newer8(a, b) {
  const ahead = (a - b) & 0xff;
  return ahead > 0 && ahead < 0x80;
}

/** True if `a` is newer than `b`, both u32. @param {number} a @param {number} b */
export function newer32(a, b) {
  return ((a - b) | 0) > 0;
}

/** How far u16 `a` is ahead of `b`: -32768 to 32767. @param {number} a @param {number} b */
export function ahead16(a, b) {
  return ((a - b + 32768) & 0xffff) - 32768;
}

/** How far u32 `a` is ahead of `b`: -2^31 to 2^31 - 1. @param {number} a @param {number} b */
export function ahead32(a, b) {
  return (a - b) | 0;
}
