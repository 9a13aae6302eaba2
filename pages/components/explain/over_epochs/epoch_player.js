// Plays frames: each has a heatmap over the same photo, and the probabilities of the same classes. The slider and the
// button are the browser's own, so that keys and screen readers work; nothing goes to the server.
const PAUSE = 900; // milliseconds for each frame

const element = (tag, name, text = "") => {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.textContent = text;
  return made;
};

export default function ({ data, parentElement }) {
  const player = parentElement.querySelector(".player");
  const drawn = JSON.stringify(data);
  if (player.drawn !== drawn) {
    player.drawn = drawn;
    build(player, data);
  }
  return () => stop(player);
}

function build(player, data) {
  stop(player);
  player.frames = data.frames;
  const picture = element("div", "picture");
  const [photo, heat] = [element("img", "photo"), element("img", "heat")];
  photo.src = data.src;
  photo.alt = data.alt;
  heat.alt = "";
  picture.append(photo, heat);
  const answer = element("div", "answer");
  const bars = element("div", "bars");
  for (const { name } of data.frames[0].bars) {
    const bar = element("div", "bar");
    const track = element("div", "track");
    track.append(element("i"));
    const label = element("span", "", name);
    label.title = name;
    bar.append(label, track, element("span"));
    bars.append(bar);
  }
  answer.append(element("div", "label"), element("div", "predicted"), element("div", "note"), bars);
  const stage = element("div", "stage");
  stage.append(picture, answer);

  const button = Object.assign(element("button", "", "Play"), { type: "button" });
  button.addEventListener("click", () => (player.timer ? stop(player) : start(player)));
  const slider = Object.assign(element("input"), { type: "range", min: 0, max: data.frames.length - 1, step: 1 });
  slider.setAttribute("aria-label", "Epoch");
  slider.addEventListener("input", () => {
    stop(player);
    show(player, Number(slider.value));
  });
  const controls = element("div", "controls");
  controls.append(button, slider);
  player.replaceChildren(stage, controls);
  show(player, data.frames.length - 1);
}

function show(player, place) {
  const frame = player.frames[place];
  player.place = place;
  player.querySelector(".heat").src = frame.heat;
  player.querySelector(".label").textContent = frame.label;
  player.querySelector(".predicted").textContent = frame.predicted;
  player.querySelector(".note").textContent = frame.note;
  player.querySelectorAll(".bar").forEach((bar, row) => {
    bar.querySelector("i").style.width = `${100 * frame.bars[row].share}%`;
    bar.lastChild.textContent = frame.bars[row].text;
  });
  const slider = player.querySelector("input");
  slider.value = place;
  slider.setAttribute("aria-valuetext", `${frame.label}. ${frame.predicted}`);
}

function start(player) {
  const last = player.frames.length - 1;
  show(player, player.place === last ? 0 : player.place + 1);
  player.querySelector("button").textContent = "Pause";
  player.timer = setInterval(() => {
    if (player.place >= last) return stop(player);
    show(player, player.place + 1);
  }, PAUSE);
}

function stop(player) {
  clearInterval(player.timer);
  player.timer = null;
  const button = player.querySelector("button");
  if (button) button.textContent = "Play";
}
