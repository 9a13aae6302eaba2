// The photo of the box desk with its boxes: draws, moves, resizes and selects them, in pixels of the photo. Each finished
// gesture is reported as an edit: the photo, its boxes before and after. An edit stays in the report until the server
// has taken it, so nothing is lost when messages cross or arrive late.
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const PAUSE = 250; // milliseconds without a step: the steps up to then are one edit, and one undo
const REACH = 8; // screen pixels: a press this close to an edge of the selected box resizes it
const LEAST = 4; // screen pixels: a shorter drag is a click
const MOST_ZOOM = 8;
const ZOOM_KEYS = { "+": 1.5, "=": 1.5, "-": 1 / 1.5 };
const TYPING = "input, textarea, select, [contenteditable=true], [data-testid=stDataFrame] *";

let data, tell, view, desk, image, layer, percent, stop;
let zoom = 1; // of the photo on screen: 1 shows all of it
let token = null;
let edits = []; // not yet taken by the server
let number = 0; // of the newest edit
let shown = null; // on screen: project, photo, size, boxes, at (the index of the selected box)
let gesture = null; // one press of the pointer, until it is released
let steps = null; // moves by arrow keys that are not yet an edit
let menu = null; // closes the list of classes

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const round = (value) => Math.round(value * 100) / 100;
const busy = (what) => {
  if (what) document.body.dataset.busy = what;
  else delete document.body.dataset.busy;
};
const element = (tag, name) => Object.assign(document.createElement(tag), { className: name });

// Where the pointer is, in pixels of the photo, never outside it.
const point = (event) => {
  const edge = desk.getBoundingClientRect();
  const [across, down] = [(event.clientX - edge.left) / edge.width, (event.clientY - edge.top) / edge.height];
  return [clamp(across, 0, 1) * shown.size[0], clamp(down, 0, 1) * shown.size[1]];
};
// How many pixels of the photo one pixel of the screen covers, across and down.
const scale = () => {
  const edge = desk.getBoundingClientRect();
  return [shown.size[0] / edge.width, shown.size[1] / edge.height];
};

const edit = (before, boxes, at) => {
  edits = [...edits, { number: ++number, project: shown.project, photo: shown.photo, before, boxes, at }];
  Object.assign(shown, { boxes, at });
  draw(boxes, at);
  tell("report", { token, edits });
};
// Shows what the server sent, unless somebody is in the middle of something. Edits that it has not taken stay visible.
const adopt = () => {
  if (gesture || steps || menu) return;
  const { project, photo, src, size, canvas, name } = data;
  const { boxes, at } = edits.findLast((one) => one.photo === photo) ?? data;
  shown = { project, photo, boxes, at, size };
  if (image.getAttribute("src") !== src) image.src = src;
  image.alt = name;
  Object.assign(view.style, { width: `${canvas[0]}px`, aspectRatio: canvas.join(" / ") });
  desk.style.aspectRatio = canvas.join(" / ");
  if (desk.dataset.photo !== String(photo)) zoomTo(1);
  draw(boxes, at);
  desk.dataset.photo = photo;
};
const draw = (boxes, at) => {
  const [wide, high] = shown.size;
  while (layer.children.length > boxes.length) layer.lastChild.remove();
  boxes.forEach(([label, x, y, width, height], index) => {
    if (!layer.children[index]) layer.append(element("div", "")), layer.children[index].append(element("span", ""));
    const node = layer.children[index];
    const sides = { left: x / wide, top: y / high, width: width / wide, height: height / high };
    for (const [side, part] of Object.entries(sides)) node.style[side] = `${100 * part}%`;
    node.className = index === at ? "box selected" : "box";
    const place = data.classes.indexOf(label);
    node.style.setProperty("--color", data.colors[place] ?? "#334155");
    node.classList.toggle("again", place >= new Set(data.colors).size); // the colours have begun to repeat
    node.firstChild.textContent = label;
  });
};

// Shows the photo at another size; the place under the pointer, or else the selected box, stays where it is.
const zoomTo = (next, event) => {
  next = clamp(next, 1, MOST_ZOOM);
  const edge = view.getBoundingClientRect();
  const box = !event && shown?.at !== null && shown?.boxes[shown?.at];
  const focus = event ? [event.clientX - edge.left, event.clientY - edge.top] : [edge.width / 2, edge.height / 2];
  const place = box
    ? [(box[1] + box[3] / 2) / shown.size[0], (box[2] + box[4] / 2) / shown.size[1]]
    : [(view.scrollLeft + focus[0]) / desk.offsetWidth, (view.scrollTop + focus[1]) / desk.offsetHeight];
  zoom = next;
  desk.style.width = `${100 * zoom}%`;
  view.classList.toggle("zoomed", zoom > 1);
  percent.textContent = `${Math.round(100 * zoom)}%`;
  view.scrollTo(place[0] * desk.offsetWidth - focus[0], place[1] * desk.offsetHeight - focus[1]);
};
const onWheel = (event) => {
  if (!event.ctrlKey && !event.metaKey) return; // a plain wheel scrolls
  event.preventDefault();
  if (!gesture) zoomTo(zoom * (event.deltaY < 0 ? 1.25 : 0.8), event);
};

// Which edges of the selected box a press takes hold of: -1, 0 or 1 across and down, 0 and 0 its inside; null: neither.
const grip = (place, reach) => {
  if (shown.at === null) return null;
  const [, x, y, width, height] = shown.boxes[shown.at];
  const per = scale();
  const edges = [[x, width], [y, height]].map(([low, length], axis) => {
    const outer = reach * per[axis];
    const inner = Math.min(outer, length / 4); // even a small box can be moved
    const from = place[axis] - low;
    if (from < -outer || from > length + outer) return null;
    return from < inner ? -1 : from > length - inner ? 1 : 0;
  });
  return edges.includes(null) ? null : edges;
};
const cursor = (edges) => {
  if (!edges) return "crosshair";
  const name = ["n", "", "s"][edges[1] + 1] + ["w", "", "e"][edges[0] + 1];
  return name ? `${name}-resize` : "move";
};
// The smallest box at this place: a small one on a large one can be reached.
const boxAt = ([x, y]) => {
  const inside = ([, left, top, width, height]) => x >= left && y >= top && x <= left + width && y <= top + height;
  const found = shown.boxes.map((box, index) => [box[3] * box[4], -index, box]).filter(([, , box]) => inside(box));
  return found.length ? -found.sort((a, b) => a[0] - b[0] || a[1] - b[1])[0][1] : null;
};

const moved = (low, length, by, limit) =>
  by ? round(clamp(low + by, Math.min(0, limit - length), Math.max(0, limit - length))) : low;
const resized = (edge, low, length, by, limit) => {
  if (!edge) return [low, length];
  const [fixed, free] = edge < 0 ? [low + length, low] : [low, low + length];
  const end = clamp(free + by, Math.min(0, low), Math.max(limit, low + length));
  const start = round(Math.min(fixed, end, limit - 1));
  return [start, Math.max(1, round(Math.max(fixed, end) - start))];
};
// The box that the gesture makes with the pointer at ``to``; null for a mere click.
const dragged = (to) => {
  const { from, edges, before, at, label } = gesture;
  const by = [to[0] - from[0], to[1] - from[1]];
  const far = scale().map((per, axis) => Math.abs(by[axis]) > LEAST * per);
  const [wide, high] = shown.size;
  if (!edges) {
    const [x, y] = [round(Math.min(from[0], to[0])), round(Math.min(from[1], to[1]))];
    return far[0] && far[1] ? [label, x, y, round(Math.abs(by[0])), round(Math.abs(by[1]))] : null;
  }
  if (!far[0] && !far[1]) return null;
  const [name, x, y, width, height] = before[at];
  if (!edges[0] && !edges[1]) return [name, moved(x, width, by[0], wide), moved(y, height, by[1], high), width, height];
  const [left, across] = resized(edges[0], x, width, by[0], wide);
  const [top, down] = resized(edges[1], y, height, by[1], high);
  return [name, left, top, across, down];
};
const boxesWith = (box) => {
  const { edges, before, at } = gesture;
  return edges ? [before.with(at, box), at] : [[...before, box], before.length];
};

const onDown = (event) => {
  if (event.button !== 0 || !event.isPrimary || gesture || event.target.closest("select")) return;
  menu?.(true);
  flush();
  const from = point(event);
  const reach = event.pointerType === "touch" ? 2 * REACH : REACH;
  const edges = event.shiftKey ? null : grip(from, reach);
  gesture = { from, edges, before: shown.boxes, at: shown.at, label: data.label };
  desk.setPointerCapture(event.pointerId); // the pointer may leave the photo
  busy("mouse");
};
const onMove = (event) => {
  if (!shown) return;
  if (!gesture) {
    desk.style.cursor = cursor(event.shiftKey ? null : grip(point(event), REACH));
    return;
  }
  const box = dragged(point(event));
  draw(...(box ? boxesWith(box) : [gesture.before, gesture.at]));
};
const finish = (box) => {
  const { from, before, at } = gesture;
  const result = box && boxesWith(box);
  gesture = null;
  busy(null);
  const clicked = result ? null : boxAt(from);
  if (result) edit(before, ...result);
  else if (clicked !== null && clicked !== at) edit(before, before, clicked);
  adopt(); // what arrived in the meantime
};
const onUp = (event) => {
  if (gesture) finish(dragged(point(event)));
};
const cancel = () => {
  if (!gesture) return;
  gesture = null;
  busy(null);
  adopt();
};

const onDouble = (event) => {
  const index = boxAt(point(event));
  if (index === null || menu) return;
  const [label, x, y] = shown.boxes[index];
  const list = element("select", "classes");
  list.ariaLabel = "Class of this box";
  list.append(...data.classes.map((name) => new Option(name, name, false, name === label)));
  list.size = clamp(data.classes.length, 2, 6);
  list.style.left = `min(${(100 * x) / shown.size[0]}%, calc(100% - 10rem))`;
  list.style.top = `min(${(100 * y) / shown.size[1]}%, calc(100% - 9rem))`;
  menu = (keep) => {
    menu = null;
    list.remove();
    busy(null);
    const changed = shown.boxes[index].with(0, list.value);
    if (keep && list.value && list.value !== label) edit(shown.boxes, shown.boxes.with(index, changed), index);
    else adopt();
  };
  list.addEventListener("click", () => menu?.(true));
  list.addEventListener("blur", () => menu?.(true));
  list.addEventListener("keydown", (key) => {
    key.stopPropagation(); // a letter searches in the list and is no shortcut
    if (key.key !== "Enter" && key.key !== "Escape") return;
    key.preventDefault();
    menu?.(key.key === "Enter");
  });
  desk.append(list);
  list.focus();
  busy("text");
};

const flush = () => {
  if (!steps) return;
  const { before, timer } = steps;
  clearTimeout(timer);
  steps = null;
  edit(before, shown.boxes, shown.at);
};
const step = ([right, down], far, resize) => {
  const [label, x, y, width, height] = shown.boxes[shown.at];
  const [across, along] = scale().map((per) => Math.max(1, Math.round(per)) * far);
  const [dx, dy, wide, high] = [right * across, down * along, ...shown.size];
  const grown = (low, length, by, limit) => (by ? Math.max(1, Math.min(length + by, limit - low)) : length);
  const box = resize
    ? [label, x, y, grown(x, width, dx, wide), grown(y, height, dy, high)]
    : [label, moved(x, width, dx, wide), moved(y, height, dy, high), width, height];
  if (box.every((side, at) => side === shown.boxes[shown.at][at])) return;
  steps ??= { before: shown.boxes };
  clearTimeout(steps.timer);
  steps.timer = setTimeout(flush, PAUSE);
  shown.boxes = shown.boxes.with(shown.at, box);
  draw(shown.boxes, shown.at);
};
const onKey = (event) => {
  if (gesture) {
    event.preventDefault();
    event.stopImmediatePropagation(); // no key turns the page during a stroke
    if (event.key === "Escape") cancel();
    return;
  }
  if (["Shift", "Alt", "Control", "Meta"].includes(event.key)) return; // a step begins with them
  if (event.composedPath()[0].matches?.(TYPING) || document.querySelector("[role=dialog]")) return;
  const factor = !event.ctrlKey && !event.metaKey && ZOOM_KEYS[event.key];
  if (factor && shown) {
    event.preventDefault();
    event.stopImmediatePropagation();
    flush();
    zoomTo(zoom * factor);
    return;
  }
  const arrow = event.shiftKey && shown?.boxes.length && ARROWS[event.key];
  if (!arrow) return flush(); // before the button of this key acts
  event.preventDefault();
  event.stopImmediatePropagation();
  step(arrow, event.ctrlKey || event.metaKey ? 10 : 1, event.altKey);
};
// A key that is pressed in the table of coordinates belongs there: without this, typing 120 into a cell would also press
// the button whose shortcut is 1. React has served the table by the time the event reaches the body; the shortcuts
// listen above it.
const onBodyKey = (event) => {
  if (event.target.closest?.("[data-testid=stDataFrame]")) event.stopPropagation();
};

const zoomButton = (text, name, act) => {
  const button = Object.assign(element("button", ""), { type: "button", textContent: text, title: name });
  button.ariaLabel = name;
  button.addEventListener("click", act);
  return button;
};
const build = () => {
  view = desk.parentElement;
  view.addEventListener("wheel", onWheel, { passive: false });
  percent = zoomButton("100%", "Show the whole photo", () => zoomTo(1));
  view.nextElementSibling.replaceChildren(
    zoomButton("−", "Zoom out (key −)", () => zoomTo(zoom / 1.5)),
    percent,
    zoomButton("+", "Zoom in (key +)", () => zoomTo(zoom * 1.5)),
  );
  image = Object.assign(element("img", ""), { draggable: false });
  layer = element("div", "layer");
  desk.replaceChildren(image, layer);
  desk.addEventListener("pointerdown", onDown);
  desk.addEventListener("pointermove", onMove);
  desk.addEventListener("pointerup", onUp);
  desk.addEventListener("pointercancel", cancel);
  desk.addEventListener("dblclick", onDouble);
};
const listen = () => {
  const listened = [
    [window, "keydown", onKey, true],
    [window, "pointerdown", flush, true],
    [document.body, "keydown", onBodyKey, false],
  ];
  for (const [on, name, act, first] of listened) on.addEventListener(name, act, first);
  return () => {
    for (const [on, name, act, first] of listened) on.removeEventListener(name, act, first);
    clearTimeout(steps?.timer);
    gesture = steps = menu = null;
    busy(null);
  };
};

let calls = 0;
export default function (component) {
  ({ data, setStateValue: tell } = component);
  const place = component.parentElement.querySelector(".desk");
  if (place !== desk) {
    desk = place;
    gesture = menu = null;
    busy(null);
    build();
  }
  if (token !== data.token) {
    // Another session, because the connection was lost: what the old one may not have taken is reported to it.
    token = data.token;
    number = data.taken;
    edits = edits.map((one) => ({ ...one, number: ++number }));
    if (edits.length) setTimeout(() => tell("report", { token, edits }));
  }
  number = Math.max(number, data.taken);
  edits = edits.filter((one) => one.number > data.taken);
  adopt();
  stop ??= listen();
  // Streamlit calls this function with each new data, and the clean-up of the newest call when the desk goes.
  const mine = ++calls;
  return () => {
    if (mine !== calls) return;
    stop();
    stop = undefined;
  };
}
