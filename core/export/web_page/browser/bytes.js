// Unpacks what the page carries: base64 text, gzip streams, arrays of numbers.
"use strict";
globalThis.studio ??= {};

studio.bytes = (() => {
  function find(name) {
    return document.getElementById(`data-${name}`)?.textContent ?? globalThis.studioData?.[name];
  }

  const has = (name) => Boolean(find(name));

  // A piece of the page's data as text: from an element in a single file, from a script beside the page otherwise.
  function text(name) {
    const found = find(name);
    if (!found) throw new Error(`The page is incomplete: its part "${name}" is missing. Copy the whole folder again.`);
    return found.trim();
  }

  function forget(name) {
    document.getElementById(`data-${name}`)?.remove();
    if (globalThis.studioData) delete globalThis.studioData[name];
  }

  function fromBase64(encoded) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(encoded);
    const binary = atob(encoded);
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
    return bytes;
  }

  function toBase64(bytes) {
    const parts = [];
    for (let at = 0; at < bytes.length; at += 32768) {
      parts.push(String.fromCharCode(...bytes.subarray(at, at + 32768)));
    }
    return btoa(parts.join(""));
  }

  async function unpacked(encoded) {
    const stream = new Blob([fromBase64(encoded)]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  function float32(bytes) {
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  }

  // IEEE 754 binary16 to float32; the files hold no infinities.
  function float16(bytes) {
    const halves = new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    const found = new Float32Array(halves.length);
    for (let at = 0; at < halves.length; at++) {
      const half = halves[at];
      const exponent = (half >> 10) & 31;
      const fraction = half & 1023;
      const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : (fraction / 1024) * 2 ** -14;
      found[at] = half & 0x8000 ? -size : size;
    }
    return found;
  }

  return { has, text, forget, fromBase64, toBase64, unpacked, float32, float16 };
})();
