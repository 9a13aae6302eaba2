// The labelling desk. A key press goes to the desk's own address and brings back what the desk shows next, so that the
// page is not drawn again. What is shown always comes from the server: a label counts once the next photo is there.
const PATIENCE = 30000; // milliseconds for an answer
const SOON = 300; // until the next look while a suggestion is being computed
const HIDDEN = 30000; // between two looks of a tab that nobody sees; the photo stays reserved
const LOST = "The server does not answer. Press the key again.";
const FIELDS = "input, textarea, select, [contenteditable=true], [role=combobox], [role=radio], [role=slider]";
const ELSEWHERE = "[role=dialog], [role=listbox], [role=menu]";

const made = (tag, name, parent, attributes = {}) => {
  const node = document.createElement(tag);
  if (name) node.className = name;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent?.append(node);
  return node;
};
// Nothing is written where nothing changes: a screen reader reads a changed text, and a selection in it is lost.
const write = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
  node.hidden = !text;
};

class Desk {
  constructor(root) {
    this.root = root;
    this.calls = 0;
    this.pressing = false;
    this.build(root);
    this.onKey = this.onKey.bind(this);
    this.onVisible = () => document.hidden || this.lookIn(0);
    document.addEventListener("keydown", this.onKey);
    document.addEventListener("visibilitychange", this.onVisible);
  }

  close() {
    document.removeEventListener("keydown", this.onKey);
    document.removeEventListener("visibilitychange", this.onVisible);
    clearTimeout(this.timer);
    this.closed = true;
  }

  build(root) {
    const head = made("div", "desk-head", root);
    this.bar = made("progress", "", head, { "aria-label": "Labelled photos" });
    this.count = made("span", "desk-count", head);
    const body = made("div", "desk-body", root);
    const figure = made("figure", "desk-photo", body);
    this.image = made("img", "", figure);
    this.image.addEventListener("error", () => this.explain());
    const caption = made("figcaption", "", figure, { "aria-live": "polite" });
    this.line = made("span", "desk-line", caption);
    this.beside = made("p", "desk-beside", caption);
    const side = made("div", "desk-bar", body);
    this.message = made("p", "desk-message", side, { role: "alert" });
    this.classes = made("div", "desk-classes", side, { role: "group", "aria-label": "Classes" });
    this.accept = this.button(side, "desk-accept", "Enter", () => this.take());
    this.waiting = made("p", "desk-waiting", side);
    const moves = made("div", "desk-moves", side);
    this.back = this.button(moves, "", "Left", () => this.ask({ do: "back" }), "Back");
    this.skip = this.button(moves, "", "Right", () => this.ask({ do: "skip" }), "Skip");
    this.undo = this.button(moves, "", "U", () => this.ask({ do: "undo" }), "Undo");
    this.hint = made("p", "desk-hint", side);
    this.review = made("button", "desk-review", side, { type: "button" });
    this.review.addEventListener("click", () => this.ask({ do: "review" }));
  }

  button(parent, name, key, press, label = "") {
    const node = made("button", name, parent, { type: "button" });
    made("span", "", node).textContent = label;
    if (key) {
      const shown = { Left: "\u2190", Right: "\u2192", Enter: "\u21b5" }[key] ?? key;
      made("kbd", "", node, { "aria-label": `Shortcut ${key}` }).textContent = shown;
      node.dataset.key = key;
    }
    node.addEventListener("click", press);
    return node;
  }

  // What the page says

  update(data, trigger) {
    this.trigger = trigger;
    this.gone = false;
    const other = this.token !== data.token;
    this.token = data.token;
    this.seconds = data.seconds;
    if (other || data.view.version >= this.view.version) this.show(data.view);
    this.lookIn(this.pause());
  }

  // What the server says

  address(path) {
    const page = location.pathname.replace(/\/+$/, "");
    return page.slice(0, page.lastIndexOf("/") + 1) + path;
  }

  async ask(wish) {
    const press = wish.do !== "look";
    if (this.pressing || this.closed) return;
    this.wait(press);
    clearTimeout(this.timer);
    try {
      const answer = await fetch(this.address(`desk/${this.token}`), {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ photo: this.view.photo.id, ...wish }),
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (this.closed) return;
      this.takeAnswer(await this.read(answer));
    } catch {
      if (press && !this.closed) write(this.message, LOST);
    } finally {
      if (press) this.wait(false);
      this.lookIn(this.pause());
    }
  }

  wait(pressing) {
    this.pressing = pressing;
    this.root.setAttribute("aria-busy", String(pressing));
  }

  async read(answer) {
    if (answer.headers.get("Content-Type")?.includes("json")) return answer.json();
    return { problem: await answer.text() };
  }

  takeAnswer(answer) {
    if (answer.view && answer.view.version > this.view.version) this.show(answer.view);
    if (answer.problem) write(this.message, answer.problem);
    if (answer.gone) this.gone = true; // until the page brings another desk
    if (answer.redraw) this.trigger("redraw", this.view.version);
  }

  pause() {
    if (document.hidden) return HIDDEN;
    return this.view.waiting ? SOON : 1000 * this.seconds;
  }

  lookIn(milliseconds) {
    clearTimeout(this.timer);
    if (!this.closed && !this.gone) this.timer = setTimeout(() => this.ask({ do: "look" }), milliseconds);
  }

  // What is shown

  show(view) {
    const before = this.view;
    this.view = view;
    const address = this.address(view.photo.src);
    if (this.image.getAttribute("src") !== address) {
      this.image.src = address;
      this.image.alt = view.photo.alt;
    }
    if (view.next) (this.next = new Image()).src = this.address(view.next);
    this.bar.max = Math.max(1, view.of);
    this.bar.value = view.done;
    write(this.count, `${view.done.toLocaleString("en")} of ${view.of.toLocaleString("en")} labelled`);
    write(this.line, view.line);
    write(this.beside, view.beside);
    write(this.message, view.message);
    write(this.hint, view.hint);
    write(this.review, view.review ?? "");
    write(this.waiting, view.waiting ?? "");
    this.showClasses(view, before);
    this.accept.hidden = !view.suggestion;
    this.accept.firstChild.textContent = view.suggestion?.words ?? "";
    this.back.disabled = !view.back;
    this.undo.disabled = !view.undo;
    this.undo.title = view.undo ?? view.nothing;
  }

  showClasses(view, before) {
    if (JSON.stringify(before?.classes) !== JSON.stringify(view.classes)) {
      this.classes.replaceChildren();
      for (const one of view.classes) {
        const press = () => this.ask({ do: "label", label: one.name });
        const node = this.button(this.classes, "desk-class", one.key, press, one.name);
        node.title = one.name;
      }
    }
    [...this.classes.children].forEach((node, place) => {
      const chosen = view.classes[place].name === view.chosen;
      node.classList.toggle("chosen", chosen);
    });
  }

  async explain() {
    const address = this.image.src;
    try {
      const answer = await fetch(address);
      if (!answer.ok && address === this.image.src) write(this.message, await answer.text());
    } catch {
      if (address === this.image.src) write(this.message, LOST);
    }
  }

  take() {
    if (this.view.suggestion) this.ask({ do: "accept", label: this.view.suggestion.label });
  }

  onKey(event) {
    if (event.defaultPrevented && event.key !== "Enter") return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (event.target.closest?.(FIELDS) || document.querySelector(ELSEWHERE)) return;
    const name = { ArrowLeft: "Left", ArrowRight: "Right" }[event.key] ?? event.key;
    const key = name.length === 1 ? name.toUpperCase() : name;
    const nodes = [...this.classes.children, this.accept, this.back, this.skip, this.undo];
    const node = nodes.find((one) => one.dataset.key === key && !one.disabled && !one.hidden);
    if (!node) return;
    event.preventDefault();
    node.click();
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".desk");
  const desk = (root.studioDesk ??= new Desk(root));
  desk.update(data, setTriggerValue);
  // Streamlit calls this with each new data, and the clean-up of the newest call when the desk goes.
  const mine = ++desk.calls;
  return () => {
    if (mine !== desk.calls) return;
    desk.close();
    delete root.studioDesk;
    root.replaceChildren();
  };
}
