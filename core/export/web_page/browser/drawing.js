// Draws a picture with its heatmap and its box.
"use strict";
globalThis.studio ??= {};

studio.drawing = (() => {
  const MOST_SIDE = 900;
  // Inferno's colours (Nathaniel Smith and Stefan van der Walt, CC0) at eight places, from nothing to the peak.
  const COLORS = [
    [0, 0, 4], [40, 11, 84], [101, 21, 110], [159, 42, 99], [212, 72, 66], [245, 125, 21], [250, 193, 39], [252, 255, 164],
  ];

  function color(share) {
    const place = Math.min(share, 0.9999) * (COLORS.length - 1);
    const low = COLORS[Math.floor(place)];
    const high = COLORS[Math.floor(place) + 1];
    return low.map((value, at) => value + (high[at] - value) * (place % 1));
  }

  // The positive part of a map [rows, columns] as a small picture; null if nothing supports the class.
  function heatPicture(map, rows, columns) {
    const peak = Math.max(...map);
    if (!(peak > 0)) return null;
    const canvas = document.createElement("canvas");
    canvas.width = columns;
    canvas.height = rows;
    const image = new ImageData(columns, rows);
    map.forEach((value, at) => {
      const share = Math.max(0, value) / peak;
      image.data.set([...color(share), 40 + 160 * share], at * 4);
    });
    canvas.getContext("2d").putImageData(image, 0, 0);
    return canvas;
  }

  // picture: an ImageBitmap, a canvas or a video of that size; place: where it lies in the view of that side.
  function draw(canvas, picture, width, height, { heat, place, side, box }) {
    const scale = Math.min(1, MOST_SIDE / Math.max(width, height));
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    const paper = canvas.getContext("2d");
    paper.fillStyle = "#fff";
    paper.fillRect(0, 0, canvas.width, canvas.height);
    paper.drawImage(picture, 0, 0, canvas.width, canvas.height);
    if (heat && place) {
      const square = studio.view.boxInPicture([0, 0, 1, 1], place, side);
      paper.imageSmoothingEnabled = true;
      paper.imageSmoothingQuality = "high";
      paper.drawImage(heat, square.x * scale, square.y * scale, square.width * scale, square.height * scale);
    }
    if (box) {
      const line = Math.max(2, canvas.width / 200);
      const sides = [box.x * scale, box.y * scale, box.width * scale, box.height * scale];
      paper.lineWidth = 2 * line;
      paper.strokeStyle = "#000";
      paper.strokeRect(...sides);
      paper.lineWidth = line;
      paper.strokeStyle = "#fff";
      paper.strokeRect(...sides);
    }
  }

  return { draw, heatPicture };
})();
