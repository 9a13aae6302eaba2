// A photo with one rectangle on it. Dragging moves the rectangle; in mode "draw", a drag beside it draws a new one. The
// arrow keys move it too, and with Shift they resize what was drawn. Where it is goes to the server while it moves: the
// next report waits until the server has taken the one before, so that a slow server is not flooded.
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 0.02; // a step of an arrow key, as a share of the photo's side
const LEAST = 0.03; // the smallest rectangle that can be drawn
const PATIENCE = 600; // milliseconds after which a report is sent although the last one was not taken

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const within = ([left, top, width, height]) => [
  clamp(left, 0, 1 - width), clamp(top, 0, 1 - height), width, height,
];

export default function ({ data, parentElement, setStateValue }) {
  const desk = parentElement.querySelector(".desk");
  desk.tell = setStateValue;
  desk.told = data;
  if (!desk.firstChild) build(desk);
  desk.number = Math.max(desk.number ?? 0, data.taken);
  const image = desk.querySelector("img");
  if (image.getAttribute("src") !== data.src) image.src = data.src;
  image.alt = data.alt;
  desk.className = `desk ${data.mode}`;
  desk.setAttribute("aria-label", data.mode === "draw"
    ? "Photo with your mark. Arrow keys move it, Shift and an arrow key resize it."
    : "Photo with a patch. Arrow keys move it.");
  // What somebody is doing wins over what the server sent before it knew.
  const other = desk.photo !== data.photo;
  if (other) desk.photo = data.photo, desk.gesture = null, desk.waiting = false;
  if (other || (!desk.gesture && !desk.waiting && desk.number === data.taken)) desk.region = data.region;
  show(desk);
  if (desk.waiting && desk.number === data.taken) report(desk);
}

function build(desk) {
  const region = Object.assign(document.createElement("div"), { className: "region" });
  desk.append(Object.assign(document.createElement("img"), { draggable: false }), region);
  desk.tabIndex = 0;
  desk.setAttribute("role", "group");
  desk.addEventListener("pointerdown", (event) => down(desk, event));
  desk.addEventListener("pointermove", (event) => move(desk, event));
  for (const name of ["pointerup", "pointercancel"]) desk.addEventListener(name, () => end(desk));
  desk.addEventListener("keydown", (event) => key(desk, event));
}

function show(desk) {
  const [left, top, width, height] = desk.region;
  const node = desk.querySelector(".region");
  Object.assign(node.style, {
    left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * width}%`, height: `${100 * height}%`,
  });
  const { fill } = desk.told;
  node.style.background = fill === "blur" || fill === "none" ? "transparent" : fill;
  node.style.backdropFilter = fill === "blur" ? `blur(${desk.clientWidth / 12}px)` : "none";
  desk.dataset.region = desk.region.map((share) => share.toFixed(3)).join(" ");
}

function point(desk, event) {
  const edge = desk.getBoundingClientRect();
  return [(event.clientX - edge.left) / edge.width, (event.clientY - edge.top) / edge.height].map((one) => clamp(one, 0, 1));
}

function down(desk, event) {
  if (event.button !== 0 || !event.isPrimary) return;
  const at = point(desk, event);
  const [left, top, width, height] = desk.region;
  const inside = at[0] >= left && at[0] <= left + width && at[1] >= top && at[1] <= top + height;
  desk.setPointerCapture(event.pointerId); // the pointer may leave the photo
  if (desk.told.mode === "draw" && !inside) {
    desk.gesture = { from: at, before: desk.region };
    return;
  }
  desk.gesture = { grip: inside ? [at[0] - left, at[1] - top] : [width / 2, height / 2] };
  move(desk, event);
}

function move(desk, event) {
  if (!desk.gesture) return;
  const at = point(desk, event);
  const { from, grip, before } = desk.gesture;
  if (grip) {
    desk.region = within([at[0] - grip[0], at[1] - grip[1], desk.region[2], desk.region[3]]);
  } else {
    const size = [Math.abs(at[0] - from[0]), Math.abs(at[1] - from[1])];
    const large = size[0] >= LEAST && size[1] >= LEAST; // less is a click, which changes nothing
    desk.region = large ? [Math.min(at[0], from[0]), Math.min(at[1], from[1]), ...size] : before;
  }
  show(desk);
  soon(desk);
}

function end(desk) {
  if (!desk.gesture) return;
  desk.gesture = null;
  soon(desk);
}

function key(desk, event) {
  const arrow = ARROWS[event.key];
  if (!arrow || event.ctrlKey || event.metaKey || event.altKey) return;
  const [left, top, width, height] = desk.region;
  if (event.shiftKey) {
    if (desk.told.mode !== "draw") return;
    const [wide, high] = [width + STEP * arrow[0], height + STEP * arrow[1]];
    desk.region = [left, top, clamp(wide, LEAST, 1 - left), clamp(high, LEAST, 1 - top)];
  } else {
    desk.region = within([left + STEP * arrow[0], top + STEP * arrow[1], width, height]);
  }
  event.preventDefault();
  event.stopPropagation();
  show(desk);
  soon(desk);
}

function soon(desk) {
  const late = performance.now() - (desk.sent ?? -PATIENCE) >= PATIENCE;
  if (desk.number === desk.told.taken || late) {
    report(desk);
    return;
  }
  desk.waiting = true;
  clearTimeout(desk.timer);
  desk.timer = setTimeout(() => desk.waiting && report(desk), PATIENCE);
}

function report(desk) {
  desk.waiting = false;
  clearTimeout(desk.timer);
  desk.sent = performance.now();
  desk.number += 1;
  const region = desk.region.map((share) => Math.round(share * 10000) / 10000);
  desk.tell("report", { number: desk.number, photo: desk.photo, region });
}
