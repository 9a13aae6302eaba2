// Takes bursts from a camera straight into classes: hold a class's button or its key, or let a countdown start one. The
// pictures wait here in a queue and go to the server in small parts, one part at a time; a part is posted again if its
// answer does not come, and the server takes each once.
const PART = 4; // pictures in one message
const MOST_WAITING = 120; // pictures in the queue; then a burst pauses
const LOST = 20000; // milliseconds after which a part is posted again
const LOOKS = 3; // pictures a second that are answered while nothing is stored
const PREPARING = "Preparing the pretrained network…";
const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable=true]";

let data, post, root, parts, stop;
let burst = null; // being taken: id, place (of the class), taken, timer, left (with a countdown)
let counting = null; // the countdown: place, left, timer
let queue = []; // pictures not yet posted: {burst, label, picture}
let waiting = null; // the part on its way: number, message, timer
let looking = null; // the picture that is being answered: number, timer
let looks = 0;
let number = 0;
let token = null;
let gone = null; // the token under which the panel was left
let calls = 0;

const say = (text) => {
  parts.note.textContent = text;
  parts.note.hidden = !text;
};
const nameOf = () => [...crypto.getRandomValues(new Uint8Array(8))].map((n) => n.toString(16)).join("");
const isOpen = () => Boolean(parts.video.srcObject);
const handsFree = () => Number(parts.countdown.value) > 0;

const onOpen = async () => {
  if (isOpen()) return close();
  parts.open.disabled = true;
  try {
    await openCamera(parts.video, Number(parts.pixels.value), parts.device.value, onLost);
    const found = await camerasThere();
    const chosen = parts.device.value;
    parts.device.replaceChildren(...found.map((one, at) => new Option(one.label || `Camera ${at + 1}`, one.deviceId)));
    if (chosen) parts.device.value = chosen;
    parts.deviceField.hidden = found.length < 2;
    say("");
  } catch (error) {
    if (error?.name !== "AbortError") say(cameraTrouble(error));
  } finally {
    parts.open.disabled = false;
    draw();
    drawLook();
    look();
  }
};
const close = () => {
  end();
  closeCamera(parts.video);
  draw();
};
const onLost = () => {
  close();
  say(CAMERA_LOST);
};
const reopen = () => {
  if (!isOpen()) return;
  close();
  onOpen();
};

// A press: it begins a burst, a countdown, or ends what is under way.
const press = (place) => {
  if (burst || counting) return end();
  if (!isOpen()) return say("Start the camera first.");
  if (!handsFree()) return begin(place, Infinity);
  const left = Number(parts.countdown.value);
  counting = { place, left, timer: setInterval(tick, 1000) };
  draw();
};
const release = () => {
  if (burst && burst.left === Infinity) end();
};
const tick = () => {
  counting.left -= 1;
  if (counting.left > 0) return draw();
  const { place } = counting;
  clearInterval(counting.timer);
  counting = null;
  begin(place, Number(parts.frames.value));
};
const begin = (place, left) => {
  burst = { id: nameOf(), place, label: data.classes[place].name, taken: 0, left };
  document.body.dataset.busy = "camera"; // the page is not redrawn by others' changes in the middle of a burst
  burst.timer = setInterval(snap, 1000 / Number(parts.rate.value));
  snap();
  draw();
};
const end = () => {
  clearInterval(burst?.timer);
  clearInterval(counting?.timer);
  burst = counting = null;
  delete document.body.dataset.busy;
  draw();
};
const snap = async () => {
  const mine = burst;
  if (!mine || mine.busy) return;
  if (queue.length >= MOST_WAITING) return say("The server is slower than the camera: waiting for it.");
  mine.busy = true;
  try {
    const picture = await takePicture(parts.video);
    if (!picture) return;
    // One that was begun before the button was let go counts: the first of a short press must not be lost.
    if (mine !== burst && mine.taken) return;
    mine.taken += 1;
    queue.push({ burst: mine.id, label: mine.label, picture });
    say("");
    draw();
    send();
    if (mine === burst && (mine.taken >= mine.left || mine.taken >= data.most)) end();
  } finally {
    mine.busy = false;
  }
};

const send = () => {
  if (waiting || !queue.length) return;
  const [{ burst: id, label }] = queue;
  const same = queue.findIndex((one) => one.burst !== id);
  const some = queue.splice(0, Math.min(PART, same < 0 ? queue.length : same));
  number += 1;
  waiting = { number, message: { token: data.token, number, burst: id, label, pictures: some.map((one) => one.picture) } };
  submit();
};
const submit = () => {
  waiting.timer = setTimeout(submit, LOST);
  post("frames", waiting.message);
};
const unsent = () => queue.length + (waiting?.message.pictures.length ?? 0);
const photosOf = (count) => (count === 1 ? "1 photo" : `${count} photos`);
const farewell = () => {
  const note = Object.assign(element("div"), { role: "alert" });
  note.textContent = `${photosOf(unsent())} had not reached the server. Open the camera again to send them.`;
  note.style.cssText =
    "position: fixed; bottom: 1rem; left: 50%; transform: translateX(-50%); z-index: 1000000; padding: 0.7rem 1rem; " +
    "max-width: 90vw; border-radius: 0.5rem; background: #7c2d12; color: #ffffff; font: 0.95rem sans-serif;";
  document.body.append(note);
  setTimeout(() => note.remove(), 10000);
};
const onUnload = (event) => {
  if (unsent()) event.preventDefault(); // the browser asks
};
// The panel is open again: what waited goes on, but never into another project.
const resume = () => {
  if (gone === null) return;
  const same = gone === data.token;
  gone = null;
  if (same) return void setTimeout(waiting ? submit : send);
  const lost = unsent();
  queue = [];
  waiting = null;
  if (lost) say(`${photosOf(lost)} taken before, in another project or session, did not reach the server and are lost.`);
};
const onTaken = () => {
  if (data.taken < (waiting?.number ?? Infinity)) return;
  clearTimeout(waiting.timer);
  waiting = null;
  send();
};

// What the head predicts for the camera's picture; pictures that are to be stored come first.
const look = async () => {
  clearTimeout(look.timer);
  if (!data.look || !isOpen() || looking) return;
  const picture = waiting || queue.length ? null : await takePicture(parts.video);
  if (!picture || !data.look || looking) return void (look.timer = setTimeout(look, 1000 / LOOKS));
  looks = Math.max(looks, data.look.number) + 1;
  looking = { number: looks, timer: setTimeout(() => ((looking = null), look()), LOST) };
  post("look", { token: data.token, number: looks, picture });
};
const onLook = () => {
  if (!looking || !data.look || data.look.number < looking.number) return;
  clearTimeout(looking.timer);
  looking = null;
  look.timer = setTimeout(look, 1000 / LOOKS);
};
const drawLook = () => {
  const { number: answered = 0, bars = [], words = "" } = data.look ?? {};
  parts.bars.replaceChildren(...bars.map(([name, share]) => barOf(name, share)));
  parts.words.textContent = answered ? words : PREPARING;
  parts.learned.hidden = !data.look || !isOpen();
};

const draw = () => {
  const open = isOpen();
  parts.open.textContent = open ? "Stop the camera" : "Start the camera";
  parts.picture.classList.toggle("open", open);
  parts.picture.classList.toggle("taking", Boolean(burst));
  parts.size.textContent = open && parts.video.videoWidth ? `${parts.video.videoWidth} × ${parts.video.videoHeight}` : "";
  parts.count.textContent = counting ? counting.left : burst ? burst.taken : "";
  parts.framesField.hidden = !handsFree();
  parts.hint.textContent = handsFree()
    ? "Press a class or its key: the burst begins after the countdown. Press again to stop."
    : "Hold a class's button or its key. Frames are taken until you let go.";
  const left = unsent();
  parts.queue.textContent = left ? `${left} on their way to the server` : "";
  [...parts.classes.children].forEach((button, place) => {
    const active = burst?.place === place || counting?.place === place;
    button.classList.toggle("active", active);
    button.setAttribute("aria-pressed", String(active));
  });
};
const drawClasses = () => {
  const shown = JSON.stringify(data.classes.map(({ name, key }) => [name, key]));
  if (parts.classes.dataset.shown !== shown) {
    parts.classes.dataset.shown = shown;
    parts.classes.replaceChildren(
      ...data.classes.map(({ name, key }, place) => {
        const button = Object.assign(element("button", "class"), { type: "button" });
        button.append(element("span", "name", name), element("kbd", "", key ?? ""), element("span", "number"));
        button.addEventListener("pointerdown", (event) => {
          if (event.button !== 0) return;
          button.setPointerCapture(event.pointerId);
          press(place);
        });
        for (const name of ["pointerup", "pointercancel"]) button.addEventListener(name, release);
        button.addEventListener("contextmenu", (event) => event.preventDefault()); // a long touch
        button.addEventListener("keydown", (event) => {
          if (![" ", "Enter"].includes(event.key)) return;
          event.preventDefault();
          if (!event.repeat) press(place);
        });
        button.addEventListener("keyup", (event) => {
          if ([" ", "Enter"].includes(event.key)) release();
        });
        return button;
      }),
    );
  }
  data.classes.forEach(({ name, count }, place) => {
    const button = parts.classes.children[place];
    button.lastChild.textContent = count;
    button.setAttribute("aria-label", `${name}, ${count} photos`);
  });
};
const drawLast = () => {
  const { last } = data;
  parts.last.hidden = !last;
  if (!last) return;
  parts.lastText.textContent = last.text;
  parts.thumbs.replaceChildren(
    ...last.thumbs.map((src) => Object.assign(element("img"), { src, alt: "" })),
  );
  parts.deleteSome.textContent = `Delete the last ${last.some}`;
  parts.deleteSome.hidden = last.some >= last.count;
  parts.deleteAll.textContent = last.count === 1 ? "Delete it" : `Delete all ${last.count}`;
  for (const button of [parts.deleteSome, parts.deleteAll]) button.disabled = !last.count;
};
const remove = (count) => post("remove", { token: data.token, burst: data.last.burst, count });

const placeOf = (event) => data.classes.findIndex(({ key }) => key && key.toLowerCase() === event.key.toLowerCase());
const onKey = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("[role=dialog]")) return;
  if (event.composedPath().some((node) => node.matches?.(TYPING))) return;
  const place = placeOf(event);
  if (place < 0 || (!isOpen() && !burst)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!event.repeat) press(place);
};
const onKeyUp = (event) => {
  if (placeOf(event) >= 0) release();
};
const listen = () => {
  const listened = [
    [window, "keydown", onKey, true], [window, "keyup", onKeyUp, true], [window, "blur", release, false],
    [window, "beforeunload", onUnload, false],
  ];
  for (const [on, name, act, first] of listened) on.addEventListener(name, act, first);
  return () => {
    for (const [on, name, act, first] of listened) on.removeEventListener(name, act, first);
    end();
    closeCamera(parts.video);
    for (const one of [waiting, looking, look]) clearTimeout(one?.timer);
    looking = null;
    // Without the panel nothing can be posted. What waits stays here until the panel is open again.
    gone = token;
    if (unsent()) farewell();
  };
};

const field = (text, choices, chosen, act) => {
  const label = element("label", "field");
  const select = element("select");
  select.append(...choices.map(([value, shown]) => new Option(shown, value, false, value === chosen)));
  // After a choice by mouse, keys are for the classes again.
  let byMouse = false;
  select.addEventListener("pointerdown", () => (byMouse = true));
  select.addEventListener("keydown", () => (byMouse = false));
  select.addEventListener("change", () => {
    act();
    if (byMouse) select.blur();
  });
  label.append(element("span", "", text), select);
  return [label, select];
};
const build = () => {
  const video = Object.assign(element("video"), { muted: true, playsInline: true });
  video.setAttribute("aria-label", "What the camera sees");
  video.addEventListener("resize", draw);
  parts = {
    video, picture: element("div", "picture"), count: element("div", "count"), size: element("span", "size"),
    open: textButton("", onOpen, "go"), note: element("p", "problem"), hint: element("p", "hint"),
    classes: element("div", "classes"), queue: element("span", "queue"), last: element("div", "last"),
    learned: element("div", "learned"), bars: element("div", "bars"), words: element("p", "words"),
    lastText: element("p", "last-text"), thumbs: element("div", "thumbs"),
    deleteSome: textButton("", () => remove(data.last.some)), deleteAll: textButton("", () => remove(data.last.count)),
  };
  const rates = [1, 2, 5, 10].map((rate) => [rate, `${rate} a second`]);
  const [rateField, rate] = field("Frames", rates, 5, draw);
  const [countdownField, countdown] = field("Countdown", [[0, "Off, hold"], [3, "3 seconds"], [5, "5 seconds"]], 0, draw);
  const [framesField, frames] = field("Then", [10, 20, 50].map((count) => [count, `${count} frames`]), 20, draw);
  const sizes = [[640, "640 wide"], [1280, "1280 wide"], [1920, "1920 wide"]];
  const [pixelsField, pixels] = field("Size", sizes, 1280, reopen);
  const [deviceField, device] = field("Camera", [], "", reopen);
  Object.assign(parts, { rate, countdown, frames, framesField, pixels, device, deviceField });
  deviceField.hidden = parts.note.hidden = true;
  parts.note.setAttribute("role", "status");
  parts.count.setAttribute("aria-hidden", "true");
  parts.lastText.setAttribute("role", "status");
  parts.picture.append(video, parts.count, parts.size);
  const settings = element("div", "settings");
  settings.append(rateField, countdownField, framesField, pixelsField, deviceField);
  const buttons = element("div", "controls");
  buttons.append(parts.deleteSome, parts.deleteAll);
  parts.last.append(parts.lastText, parts.thumbs, buttons);
  const [left, right] = [element("div", "left"), element("div", "right")];
  const controls = element("div", "controls");
  controls.append(parts.open, parts.queue);
  parts.learned.append(element("p", "words", "The model predicts"), parts.bars, parts.words);
  left.append(parts.picture, controls, parts.note, parts.learned);
  right.append(parts.hint, parts.classes, settings, parts.last);
  root.replaceChildren(left, right);
};

export default function (component) {
  data = component.data;
  post = component.setTriggerValue;
  const place = component.parentElement.querySelector(".bursts");
  if (place !== root) {
    root = place;
    burst = counting = null;
    build();
    resume();
  }
  if (token !== data.token) {
    // Another session, because the connection was lost: what the old one may not have taken is posted to it.
    token = data.token;
    number = data.taken;
    if (waiting) {
      clearTimeout(waiting.timer);
      number += 1;
      waiting = { number, message: { ...waiting.message, token, number } };
      setTimeout(submit);
    }
  }
  number = Math.max(number, data.taken);
  drawClasses();
  drawLast();
  onTaken();
  onLook();
  draw();
  drawLook();
  if (!looking) look();
  stop ??= listen();
  // Streamlit calls this function with each new data, and the clean-up of the newest call when the panel goes.
  const mine = ++calls;
  return () => {
    if (mine !== calls) return;
    stop();
    stop = undefined;
  };
}
