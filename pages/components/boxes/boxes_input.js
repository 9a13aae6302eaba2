// What the box desk needs beyond the canvas of the library: a drawing is sent as soon as the mouse lets go, the mouse
// may leave the photo, corners are free, key presses are counted, and the box that the keys act on has a blue frame.
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const PAUSE = 250; // milliseconds without a step: what was pressed until then is one change, and one undo
const FRAME = "position:absolute;z-index:11;pointer-events:none;border:3px solid #2563eb;outline:1px solid #fff;";
const hand = {};
let data, tell, press, stop;
let editing = null; // the photo that is edited: it stays so on a new canvas
let pointer = true; // the last choice was made by the pointer: until a key is pressed, whatever has the focus got it so
let unsent = 0; // until when the library may hold back a drawing
let stepped = 0; // when the newest step was made that is not reported yet
let drawn = 0; // when the mouse let go of the canvas
let seen = 0; // the room at the last look

const swallow = (event) => event.stopImmediatePropagation();
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const canvasOf = (event) => event.composedPath().find((node) => node.matches?.("canvas.upper-canvas"));
const tool = (where, name) => where?.querySelector(`.dc-toolbar [aria-label="${name}"]`);
const edits = (where) => tool(where, "Edit")?.getAttribute("aria-pressed") === "true";
const writing = (where) => where?.querySelector(".dc-textarea-host textarea");
const report = () => {
  stepped = 0;
  tell("hand", { ...hand });
};
const keyOf = (where) => {
  const block = where.host.closest("[class*=st-key-boxes-canvas-]");
  return [...block.classList].find((name) => name.startsWith("st-key-boxes-canvas-")).slice("st-key-".length);
};
const sheet = () => {
  for (const node of document.querySelectorAll(`.st-key-${data.sheet} *`))
    if (node.shadowRoot?.querySelector(".dc-container")) return node.shadowRoot;
  return null;
};
const send = (where) => {
  unsent = 0;
  if (!writing(where)) tool(where, "Update the app with this drawing")?.click();
};
const flush = () => {
  if (stepped) report();
  if (Date.now() < unsent) send(sheet());
};

const onDown = (event) => {
  pointer = true;
  const canvas = canvasOf(event);
  if (!canvas) return flush();
  if (event.button !== 0) return;
  const where = canvas.getRootNode();
  if (event.detail > 1 && writing(where)) {
    // The first click has opened the text; the second one of a double click would close it again.
    event.preventDefault();
    return swallow(event);
  }
  if (stepped) report();
  const edge = canvas.getBoundingClientRect();
  const from = [event.clientX - edge.left, event.clientY - edge.top];
  const corner = /^(nw|ne|sw|se)-resize$/.test(canvas.style.cursor);
  press = { canvas, where, edge, from, to: from, corner, edits: edits(where), on: keyOf(where) };
  document.body.dataset.busy = "mouse";
};
const onMove = (event) => {
  if (!press || !event.isTrusted) return;
  if (!(event.buttons & 1)) return onUp(); // the button was let go where nobody told us
  if (press.canvas.isConnected) press.edge = press.canvas.getBoundingClientRect();
  const { left, right, top, bottom } = press.edge;
  const [x, y] = [clamp(event.clientX, left, right), clamp(event.clientY, top, bottom)];
  press.to = [x - left, y - top];
  // The library keeps the proportions at a corner, and lets Shift free them. Here it is the other way round.
  const shiftKey = press.corner ? !event.shiftKey : event.shiftKey;
  if (x === event.clientX && y === event.clientY && shiftKey === event.shiftKey) return;
  swallow(event);
  const { button, buttons, ctrlKey, altKey, metaKey } = event;
  const same = { bubbles: true, cancelable: true, composed: true, view: window };
  const moved = { ...same, clientX: x, clientY: y, button, buttons, ctrlKey, altKey, metaKey, shiftKey };
  event.target.dispatchEvent(new MouseEvent("mousemove", moved));
};
const onOut = (event) => {
  if (press && canvasOf(event)) swallow(event); // the library would end the stroke at the photo's edge
};
const onUp = () => {
  if (!press) return;
  const { canvas, where, from, to, on, edits: editor } = press;
  press = null;
  delete document.body.dataset.busy;
  if (!canvas.isConnected) {
    if (editor || Math.hypot(to[0] - from[0], to[1] - from[1]) < 6) return;
    Object.assign(hand, { drags: hand.drags + 1, drag: [...from, ...to], drag_on: on });
    return report();
  }
  send(where);
  drawn = Date.now();
  hand.editing = edits(where);
  if (!editor || tool(where, "Delete selected").disabled) return;
  Object.assign(hand, { picks: hand.picks + 1, pick: from, pick_on: on });
  report();
};
const onTouchEnd = (event) => {
  const canvas = canvasOf(event);
  if (canvas) setTimeout(() => send(canvas.getRootNode()));
};
const onDouble = (event) => {
  const canvas = event.detail > 1 && canvasOf(event);
  if (canvas && writing(canvas.getRootNode())) swallow(event);
};
// A choice by the pointer leaves the focus in the control, which would keep the keys for itself.
const release = () => {
  const at = pointer && document.activeElement;
  const control = at && at.closest("[data-testid=stButtonGroup], [data-testid=stRadio], [data-testid=stSelectbox]");
  if (control && !control.querySelector("[aria-expanded=true]")) at.blur();
};
const onKey = (event) => {
  release();
  pointer = false;
  if (press) {
    event.preventDefault();
    return swallow(event); // in the middle of a stroke no key turns the page
  }
  if (["Shift", "Alt", "Control", "Meta"].includes(event.key)) return; // a step begins with them
  const from = event.composedPath()[0];
  if (from.matches?.(".dc-textarea-host textarea")) {
    unsent = Date.now() + 400;
    if (event.key !== "Enter" || event.isComposing) return;
    swallow(event);
    event.preventDefault();
    from.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", keyCode: 27 }));
    return setTimeout(flush);
  }
  if (from.matches?.("input, textarea, select, [contenteditable=true]") || document.querySelector("[role=dialog]")) return;
  if (from.closest?.("[data-testid=stDataFrame]")) return;
  const box = data.box || Date.now() - drawn < 2000; // the server may not have told yet of the first one
  const arrow = event.shiftKey && box && ARROWS[event.key];
  if (arrow) {
    swallow(event);
    event.preventDefault();
    if (Date.now() < unsent) send(sheet());
    const [first, far] = [event.altKey ? 2 : 0, event.ctrlKey || event.metaKey ? 10 : 1];
    hand.steps = hand.steps.map((total, at) => total + far * (arrow[at - first] ?? 0));
    stepped = Date.now();
    return frame();
  }
  flush();
  const where = sheet();
  const chosen = event.key === "Delete" && edits(where) && tool(where, "Delete selected");
  if (chosen && !chosen.disabled) {
    swallow(event);
    chosen.click();
  }
};
// A key that is pressed in the table of coordinates, or in the text on the canvas, belongs there: without this, typing
// 120 into a cell would also press the button whose shortcut is 1. React has served the table by the time the event
// reaches the body; the shortcuts listen above it.
const onBodyKey = (event) => {
  const canvas = event.composedPath()[0].matches?.(".dc-textarea-host textarea");
  if (canvas || event.target.closest?.('[data-testid="stDataFrame"]')) event.stopPropagation();
};

const frame = () => {
  const where = sheet();
  const holder = where?.querySelector(".dc-container");
  if (!holder) return;
  let shown = holder.querySelector(".keys-box");
  if (!shown) {
    shown = Object.assign(document.createElement("div"), { className: "keys-box" });
    holder.append(shown);
    const bar = where.querySelector(".dc-toolbar");
    if (holder.offsetWidth < 260) Object.assign(bar.style, { right: "auto", left: "0" });
    if (editing === data.photo && !edits(where)) tool(where, "Edit")?.click();
  }
  editing = edits(where) ? data.photo : null;
  shown.hidden = !data.box || Boolean(press?.edits);
  if (!data.box) return;
  const ahead = hand.steps.map((total, at) => (total - data.taken[at]) * data.step[at % 2]);
  const [left, top, width, height] = data.box.map((side, at) => side + ahead[at]);
  const box = `left:${left - 3}px;top:${top - 3}px;width:${width + 2}px;height:${height + 2}px`;
  shown.style.cssText = `${FRAME}${box}${shown.hidden ? ";display:none" : ""}`;
};
const look = () => {
  if (stepped && Date.now() - stepped > PAUSE) report();
  frame();
  release();
  if (writing(sheet())) document.body.dataset.busy = "text";
  else if (!press) delete document.body.dataset.busy;
  const room = Math.floor(document.querySelector(".st-key-boxes-photo")?.clientWidth ?? 0);
  const fits = Math.min(data.wanted, room) !== Math.min(data.wanted, data.room ?? data.wanted);
  if (room > 0 && room === seen && room !== hand.room && fits && !press) {
    hand.room = room;
    report();
  }
  seen = room;
};

const start = () => {
  const listened = [
    [window, "mousedown", onDown, true],
    [window, "mousemove", onMove, true],
    [window, "mouseout", onOut, true],
    [window, "mouseup", onUp, false], // after the library
    [window, "blur", onUp, false],
    [window, "touchend", onTouchEnd, false],
    [window, "click", onDouble, true],
    [window, "dblclick", onDouble, true],
    [window, "keydown", onKey, true],
    [document.body, "keydown", onBodyKey, false],
  ];
  for (const [on, name, act, first] of listened) on.addEventListener(name, act, first);
  const timer = setInterval(look, 100);
  return () => {
    for (const [on, name, act, first] of listened) on.removeEventListener(name, act, first);
    clearInterval(timer);
  };
};

let calls = 0;
export default function (component) {
  ({ data, setStateValue: tell } = component);
  if (hand.token !== data.token) {
    const none = { steps: [0, 0, 0, 0], picks: 0, pick: [0, 0], pick_on: "", drags: 0, drag: [0, 0, 0, 0], drag_on: "" };
    Object.assign(hand, { room: null, editing: false }, none, { token: data.token });
  }
  stop ??= start();
  frame();
  // Streamlit calls this function at each new data, and what the newest call returns when the desk goes.
  const mine = ++calls;
  return () => {
    if (mine !== calls) return;
    stop();
    stop = undefined;
  };
}
