// Turns a picture into the square that the network sees, with the studio's own arithmetic: Pillow's antialiased
// bilinear resize (ImagingResample in libImaging/Resample.c), bit for bit on the same pixels.
"use strict";
globalThis.studio ??= {};

studio.view = (() => {
  const PRECISION = 22; // bits behind the point of a weight
  const LONGEST = 8; // a longer strip is cropped to its middle first
  const STRIP_PIXELS = 1 << 20; // pixels that are read from the canvas at once

  // Python rounds halves to the even neighbour.
  function round(value) {
    const floor = Math.floor(value);
    const rest = value - floor;
    return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
  }

  // For each output pixel: where its input pixels begin, how many they are, and their weights as whole numbers.
  function weightsOf(inputs, outputs) {
    const scale = inputs / outputs;
    const support = Math.max(scale, 1);
    const most = Math.ceil(support) * 2 + 1;
    const begins = new Int32Array(outputs);
    const counts = new Int32Array(outputs);
    const weights = new Int32Array(outputs * most);
    const exact = new Float64Array(most);
    for (let out = 0; out < outputs; out++) {
      const center = (out + 0.5) * scale;
      const begin = Math.max(0, Math.trunc(center - support + 0.5));
      const count = Math.min(inputs, Math.trunc(center + support + 0.5)) - begin;
      let sum = 0;
      for (let at = 0; at < count; at++) {
        const distance = Math.abs((at + begin - center + 0.5) * (1 / support));
        exact[at] = distance < 1 ? 1 - distance : 0;
        sum += exact[at];
      }
      begins[out] = begin;
      counts[out] = count;
      for (let at = 0; at < count; at++) {
        weights[out * most + at] = Math.trunc(0.5 + (exact[at] / sum) * 2 ** PRECISION);
      }
    }
    return { begins, counts, weights, most };
  }

  function across(rgba, width, rows, outputs, table, into, at) {
    const { begins, counts, weights, most } = table;
    for (let row = 0; row < rows; row++) {
      for (let out = 0; out < outputs; out++) {
        let red = 1 << (PRECISION - 1);
        let green = red;
        let blue = red;
        let from = (row * width + begins[out]) * 4;
        for (let place = out * most, end = place + counts[out]; place < end; place++, from += 4) {
          const weight = weights[place];
          red += rgba[from] * weight;
          green += rgba[from + 1] * weight;
          blue += rgba[from + 2] * weight;
        }
        into[at++] = red >> PRECISION;
        into[at++] = green >> PRECISION;
        into[at++] = blue >> PRECISION;
      }
    }
  }

  function down(rgb, width, outputs, table) {
    const { begins, counts, weights, most } = table;
    const line = width * 3;
    const found = new Uint8Array(outputs * line);
    const sums = new Int32Array(line);
    for (let out = 0; out < outputs; out++) {
      sums.fill(1 << (PRECISION - 1));
      for (let at = 0; at < counts[out]; at++) {
        const weight = weights[out * most + at];
        const from = (begins[out] + at) * line;
        for (let place = 0; place < line; place++) sums[place] += rgb[from + place] * weight;
      }
      for (let place = 0; place < line; place++) found[out * line + place] = sums[place] >> PRECISION;
    }
    return found;
  }

  // Resizes a picture that is read in strips of rows: strips(top, rows) returns RGBA bytes. Returns RGB bytes.
  function resized(strips, width, height, newWidth, newHeight) {
    const rows = Math.max(1, Math.floor(STRIP_PIXELS / width));
    const narrow = new Uint8Array(height * newWidth * 3);
    // Weights of 1 alone, where nothing is to be resized, copy the pixels.
    const table = weightsOf(width, newWidth);
    for (let top = 0; top < height; top += rows) {
      const count = Math.min(rows, height - top);
      across(strips(top, count), width, count, newWidth, table, narrow, top * newWidth * 3);
    }
    return newHeight === height ? narrow : down(narrow, newWidth, newHeight, weightsOf(height, newHeight));
  }

  // Where a picture of that size lies in its view: the window that is used, its size there, and its upper left corner.
  function placement(width, height, seen) {
    const side = seen.size;
    if (seen.mode === "squash") return { x: 0, y: 0, width, height, newWidth: side, newHeight: side, left: 0, top: 0 };
    if (seen.mode === "letterbox") {
      const scale = side / Math.max(width, height);
      const newWidth = Math.max(1, round(width * scale));
      const newHeight = Math.max(1, round(height * scale));
      const left = Math.floor((side - newWidth) / 2);
      const top = Math.floor((side - newHeight) / 2);
      return { x: 0, y: 0, width, height, newWidth, newHeight, left, top };
    }
    const limit = LONGEST * Math.min(width, height);
    const inner = { width: Math.min(width, limit), height: Math.min(height, limit) };
    const short = Math.min(inner.width, inner.height);
    const sized = (length) => (length === short ? seen.resize : Math.trunc((seen.resize * length) / short));
    const newWidth = sized(inner.width);
    const newHeight = sized(inner.height);
    return {
      x: Math.floor((width - inner.width) / 2),
      y: Math.floor((height - inner.height) / 2),
      ...inner,
      newWidth,
      newHeight,
      left: -round((newWidth - side) / 2),
      top: -round((newHeight - side) / 2),
    };
  }

  // The view as RGB bytes [size, size, 3]. strips(x, y, width, rows) returns RGBA bytes of the picture.
  function pixels(strips, width, height, seen) {
    const place = placement(width, height, seen);
    const read = (top, rows) => strips(place.x, place.y + top, place.width, rows);
    const rgb = resized(read, place.width, place.height, place.newWidth, place.newHeight);
    const side = seen.size;
    const found = new Uint8Array(side * side * 3);
    if (seen.mode === "letterbox") {
      const gray = seen.mean.map((channel) => round(255 * channel));
      for (let at = 0; at < found.length; at++) found[at] = gray[at % 3];
    }
    const first = Math.max(0, place.left);
    const last = Math.min(side, place.left + place.newWidth);
    for (let y = Math.max(0, place.top); y < Math.min(side, place.top + place.newHeight); y++) {
      const from = ((y - place.top) * place.newWidth + first - place.left) * 3;
      found.set(rgb.subarray(from, from + (last - first) * 3), (y * side + first) * 3);
    }
    return { pixels: found, place };
  }

  // The view of an ImageBitmap, a video or a canvas; transparent parts become white, as in the studio.
  function ofPicture(picture, width, height, seen) {
    const canvas = document.createElement("canvas");
    const rows = Math.max(1, Math.floor(STRIP_PIXELS / width));
    canvas.width = width;
    canvas.height = Math.min(height, rows);
    const paper = canvas.getContext("2d", { willReadFrequently: true, alpha: false });
    const strips = (x, y, stripWidth, count) => {
      paper.fillStyle = "#fff";
      paper.fillRect(0, 0, stripWidth, count);
      paper.drawImage(picture, x, y, stripWidth, count, 0, 0, stripWidth, count);
      return paper.getImageData(0, 0, stripWidth, count).data;
    };
    return pixels(strips, width, height, seen);
  }

  // Converts corners in the view, as fractions of its side, to a box in pixels of the picture.
  function boxInPicture([left, top, right, bottom], place, side) {
    const scaleX = place.newWidth / place.width;
    const scaleY = place.newHeight / place.height;
    const x = (value) => (value * side - place.left) / scaleX + place.x;
    const y = (value) => (value * side - place.top) / scaleY + place.y;
    return { x: x(left), y: y(top), width: x(right) - x(left), height: y(bottom) - y(top) };
  }

  return { resized, placement, pixels, ofPicture, boxInPicture, round };
})();
