// A wall of thumbnails: native checkboxes, so that mouse, touch, keyboard and screen readers all work.
export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const wall = parentElement.querySelector(".wall");
  wall.style.setProperty("--side", data.side + "px");
  wall.dataset.select = data.select;
  wall.report = (chosen) => setStateValue("chosen", chosen);
  wall.open = (id) => setTriggerValue("opened", id);

  const boxes = () => [...wall.querySelectorAll("input")];
  const chosen = () => boxes().filter((box) => box.checked).map((box) => box.value);

  // What the browser shows wins over an answer that is on its way; only another wall or version replaces it.
  const drawn = JSON.stringify([data.version, data.select, data.photos.map((photo) => photo.id)]);
  if (wall.dataset.drawn !== drawn) {
    wall.dataset.drawn = drawn;
    const before = new Set(data.chosen);
    wall.replaceChildren(...data.photos.map((photo) => card(photo, before.has(photo.id))));
  } else {
    data.photos.forEach((photo, place) => fill(wall.children[place], photo));
  }

  function card(photo, checked) {
    const item = document.createElement("div");
    item.className = "card";
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = data.select === "one" ? "radio" : "checkbox";
    box.name = "wall";
    box.value = photo.id;
    box.checked = checked;
    if (data.select === "none") box.hidden = true;
    box.addEventListener("click", (event) => pick(event, box));
    box.addEventListener("keydown", (event) => walk(event, box));
    label.append(document.createElement("img"), box);
    const open = document.createElement("button");
    open.type = "button";
    open.className = "open";
    open.textContent = "\u2922";
    open.hidden = !data.details;
    open.addEventListener("click", () => wall.open(photo.id));
    const caption = document.createElement("div");
    caption.className = "caption";
    const note = document.createElement("div");
    note.className = "note";
    item.append(label, open, caption, note);
    fill(item, photo);
    return item;
  }

  function fill(item, photo) {
    const image = item.querySelector("img");
    if (image.getAttribute("src") !== photo.src) image.src = photo.src;
    image.alt = photo.alt;
    item.querySelector("input").setAttribute("aria-label", photo.alt);
    item.querySelector(".open").title = "Details of " + photo.note;
    item.querySelector(".open").setAttribute("aria-label", "Details of " + photo.note);
    const caption = item.querySelector(".caption");
    caption.textContent = photo.caption;
    caption.classList.toggle("faint", photo.faint);
    const note = item.querySelector(".note");
    note.textContent = photo.note;
    note.title = photo.note;
  }

  function pick(event, box) {
    if (data.select === "many" && event.shiftKey && wall.last && wall.contains(wall.last)) {
      const all = boxes();
      const [from, to] = [all.indexOf(wall.last), all.indexOf(box)].sort((a, b) => a - b);
      for (const one of all.slice(from, to + 1)) one.checked = box.checked;
    }
    wall.last = box;
    wall.report(chosen());
  }

  function walk(event, box) {
    const all = boxes();
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a" && data.select === "many") {
      const every = all.every((one) => one.checked);
      for (const one of all) one.checked = !every;
      wall.report(chosen());
      event.preventDefault();
      return;
    }
    const columns = getComputedStyle(wall).gridTemplateColumns.split(" ").length;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    // Radio buttons walk by themselves.
    if (step === undefined || data.select !== "many") return;
    const next = all[all.indexOf(box) + step];
    if (next) next.focus();
    event.preventDefault();
    event.stopPropagation();
  }
}
