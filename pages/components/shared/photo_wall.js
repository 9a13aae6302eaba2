// A wall of thumbnails. Each photo is a button with the role of a checkbox (or radio button), so that mouse, touch,
// keyboard and screen readers work. Streamlit disables its shortcuts while an <input> has the focus, so none is used.
export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const wall = parentElement.querySelector(".wall");
  const role = { one: "radio", many: "checkbox" }[data.select];
  wall.style.setProperty("--side", data.side + "px");
  wall.setAttribute("role", data.select === "one" ? "radiogroup" : "group");
  wall.setAttribute("aria-label", data.label);
  wall.classList.toggle("row", data.row);
  if (data.row && !role) wall.tabIndex = 0; // without cards to focus, the arrow keys scroll the row itself

  const cards = () => [...wall.querySelectorAll(".pick")];
  const isChosen = (card) => card.getAttribute("aria-checked") === "true";
  const choose = (card, yes) => card.setAttribute("aria-checked", String(yes));
  const report = () => setStateValue("chosen", cards().filter(isChosen).map((card) => card.dataset.id));

  // The selection in the browser wins over a server response in transit; only a new wall or version replaces it.
  const drawn = JSON.stringify([data.version, data.select, data.details, data.photos.map((photo) => photo.id)]);
  if (wall.dataset.drawn !== drawn) {
    wall.dataset.drawn = drawn;
    const before = new Set(data.chosen);
    wall.replaceChildren(...data.photos.map((photo) => makeCard(photo, before.has(photo.id))));
  }
  data.photos.forEach((photo, place) => fill(wall.children[place], photo));

  function makeCard(photo, chosen) {
    const item = element("div", "card");
    const pick = element(role ? "button" : "div", "pick");
    pick.dataset.id = photo.id;
    pick.append(element("img", ""));
    if (role) {
      pick.type = "button";
      pick.setAttribute("role", role);
      choose(pick, chosen);
      pick.append(element("span", "mark"));
      pick.addEventListener("click", (event) => toggle(event, pick));
      pick.addEventListener("keydown", (event) => walk(event, pick));
    }
    item.append(pick);
    if (data.details) {
      const open = element("button", "open");
      open.type = "button";
      open.textContent = "\u2922";
      open.addEventListener("click", () => setTriggerValue("opened", photo.id));
      item.append(open);
    }
    item.append(element("div", "caption"), element("div", "note"));
    return item;
  }

  function element(tag, name) {
    const made = document.createElement(tag);
    if (name) made.className = name;
    return made;
  }

  function fill(item, photo) {
    const image = item.querySelector("img");
    if (image.getAttribute("src") !== photo.src) image.src = photo.src;
    image.alt = role ? "" : photo.alt;
    outline(item.querySelector(".pick"), photo);
    if (role) item.querySelector(".pick").setAttribute("aria-label", photo.alt);
    const open = item.querySelector(".open");
    if (open) {
      open.title = "Details";
      open.setAttribute("aria-label", "Details of " + photo.name);
    }
    const caption = item.querySelector(".caption");
    caption.textContent = photo.caption;
    caption.classList.toggle("muted", photo.muted);
    const note = item.querySelector(".note");
    note.textContent = photo.note;
    note.title = photo.note;
  }

  // Boxes are drawn over the photo in its own pixels; "slice" crops them as "object-fit: cover" crops the photo.
  function outline(pick, photo) {
    pick.querySelector("svg")?.remove();
    if (!photo.boxes.length) return;
    const made = (tag, attributes) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
      return node;
    };
    const [width, height] = photo.size;
    const drawing = made("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "xMidYMid slice" });
    drawing.setAttribute("aria-hidden", "true");
    photo.boxes.forEach(([x, y, wide, high], place) => {
      for (const name of ["under", "over"])
        drawing.append(made("rect", { class: name, x, y, width: wide, height: high }));
      if (!photo.box_colors[place]) return;
      drawing.lastChild.style.stroke = photo.box_colors[place];
      drawing.lastChild.previousSibling.style.stroke = "#ffffff";
    });
    pick.append(drawing);
  }

  function toggle(event, card) {
    const all = cards();
    if (role === "radio") {
      for (const one of all) choose(one, one === card);
    } else {
      choose(card, !isChosen(card));
      if (event.shiftKey && all.includes(wall.last)) {
        const [from, to] = [all.indexOf(wall.last), all.indexOf(card)].sort((a, b) => a - b);
        for (const one of all.slice(from, to + 1)) choose(one, isChosen(card));
      }
    }
    wall.last = card;
    report();
  }

  function walk(event, card) {
    const all = cards();
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a" && role === "checkbox") {
      const every = all.every(isChosen);
      for (const one of all) choose(one, !every);
      report();
      event.preventDefault();
      return;
    }
    const columns = getComputedStyle(wall).gridTemplateColumns.split(" ").length;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    if (step === undefined) return;
    all[all.indexOf(card) + step]?.focus();
    event.preventDefault();
    event.stopPropagation();
  }
}
