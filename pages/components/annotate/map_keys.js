// The keyboard on the map of photos. The chart itself cannot have the focus, so a line below it takes the keys, and a ring
// on the chart shows the photo that they act on.
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const PAUSE = 200; // milliseconds at one point before its photo is asked for
const HELP = "Keyboard: arrow keys move on the map, Enter selects, Shift and an arrow key select on the way, Escape clears.";

const states = new WeakMap(); // by element: what stays when Streamlit sends new data
const element = (tag, name) => Object.assign(document.createElement(tag), { className: name });

// Where each point is on screen, in pixels from the corner of the chart.
const places = ({ data }) => {
  const chart = document.querySelector(`.st-key-${data.chart} .js-plotly-plot`);
  const { xaxis, yaxis } = chart?._fullLayout ?? {};
  if (!xaxis?.l2p) return null;
  const across = data.x.map((x) => xaxis._offset + xaxis.l2p(x));
  const down = data.y.map((y) => yaxis._offset + yaxis.l2p(y));
  return { chart, across, down };
};
// The nearest point in a direction; going sideways counts twice.
const next = (state, [right, below]) => {
  const found = places(state);
  if (!found) return state.at;
  const from = state.data.ids.indexOf(state.at);
  if (from < 0) return state.data.ids[0];
  let best = null;
  state.data.ids.forEach((id, place) => {
    const [dx, dy] = [found.across[place] - found.across[from], found.down[place] - found.down[from]];
    const [ahead, aside] = [dx * right + dy * below, Math.abs(dx * below) + Math.abs(dy * right)];
    if (ahead <= 0.5 || aside > 2 * ahead) return;
    if (!best || ahead + 2 * aside < best[0]) best = [ahead + 2 * aside, id];
  });
  return best ? best[1] : state.at;
};
const drawRing = (state) => {
  document.querySelector("#resnet-studio-map-ring")?.remove();
  const found = document.activeElement && state.focused && places(state);
  if (!found) return;
  const layer = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  layer.id = "resnet-studio-map-ring";
  layer.setAttribute("aria-hidden", "true");
  layer.style.cssText = "position:absolute;inset:0;width:100%;height:100%;pointer-events:none;z-index:5";
  const color = getComputedStyle(state.line).getPropertyValue("--st-text-color");
  const circle = (id, radius, width) => {
    const place = state.data.ids.indexOf(id);
    if (place < 0) return;
    const made = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    const sides = { cx: found.across[place], cy: found.down[place], r: radius, fill: "none", stroke: color };
    for (const [name, value] of Object.entries({ ...sides, "stroke-width": width })) made.setAttribute(name, value);
    layer.append(made);
  };
  for (const id of state.chosen) circle(id, 6, 2);
  circle(state.at, 11, 3);
  found.chart.style.position = "relative";
  found.chart.append(layer);
};
const write = (state) => {
  const { shown } = state.data;
  const known = shown && shown.id === state.at;
  state.picture.hidden = !known || !state.focused;
  if (known) state.picture.src = shown.src;
  const on = state.chosen.includes(state.at) ? ", selected" : "";
  state.words.textContent = !state.focused || state.at === null ? HELP : known ? shown.words + on : "…";
  state.many.textContent = state.chosen.length ? `${state.chosen.length} selected` : "";
  drawRing(state);
};
const move = (state, id) => {
  if (id === undefined) return;
  state.at = id;
  clearTimeout(state.timer);
  state.timer = setTimeout(() => state.tell("at", id), PAUSE);
};
const toggle = (state, on) => {
  const others = state.chosen.filter((id) => id !== state.at);
  const chosen = on ?? !state.chosen.includes(state.at) ? [...others, state.at] : others;
  if (chosen.length === state.chosen.length) return;
  state.chosen = chosen;
  clearTimeout(state.telling); // several steps are reported as one
  state.telling = setTimeout(() => state.tell("chosen", state.chosen), on ? PAUSE / 2 : 0);
};
const onKey = (state, event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !state.data.ids.length) return;
  const arrow = ARROWS[event.key];
  if (arrow) {
    if (event.shiftKey && state.at !== null) toggle(state, true);
    move(state, next(state, arrow));
    if (event.shiftKey) toggle(state, true);
  } else if (event.key === "Enter" || event.key === " ") {
    if (state.at !== null) toggle(state);
  } else if (event.key === "Escape" && state.chosen.length) {
    state.chosen = [];
    state.tell("chosen", []);
  } else return; // Tab goes on, and a class has its key
  event.preventDefault();
  event.stopPropagation();
  write(state);
};
const build = (line) => {
  const state = { line, at: null, chosen: [], version: 0, focused: false };
  state.picture = Object.assign(element("img", ""), { alt: "", hidden: true });
  state.words = element("span", "words");
  state.words.setAttribute("aria-live", "polite");
  state.many = element("span", "many");
  line.setAttribute("aria-label", "Photos on the map, by keyboard");
  line.replaceChildren(state.picture, state.words, state.many);
  line.addEventListener("keydown", (event) => onKey(state, event));
  const focus = (on) => {
    state.focused = on;
    if (on && (state.at === null || !state.data.ids.includes(state.at))) move(state, state.data.ids[0]);
    write(state);
  };
  line.addEventListener("focus", () => focus(true));
  line.addEventListener("blur", () => focus(false));
  states.set(line, state);
  return state;
};

export default function ({ data, parentElement, setStateValue }) {
  const line = parentElement.querySelector(".keys");
  const state = states.get(line) ?? build(line);
  Object.assign(state, { data, tell: setStateValue });
  if (state.version !== data.version) {
    state.version = data.version;
    state.chosen = [];
  }
  state.chosen = state.chosen.filter((id) => data.ids.includes(id));
  if (state.at !== null && !data.ids.includes(state.at)) {
    state.at = null;
    if (state.focused) move(state, data.ids[0]); // the photo under the ring has been labelled
  }
  write(state);
  const chart = document.querySelector(`.st-key-${data.chart} .js-plotly-plot`);
  const again = () => drawRing(state);
  chart?.on?.("plotly_afterplot", again);
  return () => {
    chart?.removeListener?.("plotly_afterplot", again);
    document.querySelector("#resnet-studio-map-ring")?.remove();
  };
}
