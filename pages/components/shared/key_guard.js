// Decides where the keys of a desk go. After a choice by mouse they go to the desk, not to the select or switch that was
// clicked. A key held down counts once. Enter accepts the suggestion unless somebody moved to another button with Tab.
// The keyboard focus stays on the same class from photo to photo.
const isText = (event) =>
  event.composedPath().some((node) => node.matches?.("input, textarea, select, [contenteditable=true]"));
// While one of these has the focus, Streamlit's shortcuts are off, or the arrow keys move between its options.
const CHOICES = ["stSelectbox", "stCheckbox", "stRadio"].map((name) => `[data-testid=${name}] input`);
const CHOICE = [...CHOICES, "[data-testid=stButtonGroup] button"].join(", ");
// A list takes a moment to close, and then returns the focus to its field.
const LOOKS = [0, 100, 300];
const nameOf = (node) => {
  const block = node?.closest?.("[class*=st-key-give-], [class*=st-key-skip-]");
  const found = block && [...block.classList].find((name) => /^st-key-(give|skip)-/.test(name));
  return found ? found.replace(/-\d+/, "-*") : null;
};

// Listens for the whole visit, because the click that opens a desk comes before the desk. A field that has the focus
// before that looks the same after a click and after Tab; a click is more likely.
const begin = () => {
  const studio = { byPointer: !document.activeElement?.matches(":focus-visible:not(input)") };
  const onPointer = () => {
    studio.byPointer = true;
    studio.tabbed = false;
  };
  const onKey = (event) => {
    studio.byPointer = false;
    if (event.key === "Tab") studio.tabbed = true;
  };
  window.addEventListener("pointerdown", onPointer, true);
  window.addEventListener("keydown", onKey, true);
  return studio;
};
const studio = () => (window.resnetStudioKeys ??= begin());

let data, stop, waiting;
let calls = 0;

const release = () => {
  const at = document.activeElement;
  if (!studio().byPointer || !at?.matches(CHOICE)) return;
  // While a list is open, typing searches in it.
  if (at.getAttribute("aria-expanded") !== "true") return at.blur();
  clearTimeout(waiting);
  waiting = setTimeout(release, 100);
};
const releaseSoon = () => LOOKS.forEach((wait) => setTimeout(release, wait));
const onKey = (event) => {
  if (isText(event)) return;
  const enter = event.key === "Enter" && data.image !== null;
  if (event.repeat && (event.key.length === 1 || enter)) {
    event.stopImmediatePropagation();
    if (enter) event.preventDefault();
    return;
  }
  if (!enter || document.activeElement === document.body) return;
  // The browser presses the focused button. After Tab that is intended; after a click it is not.
  if (studio().tabbed) event.stopImmediatePropagation();
  else event.preventDefault();
};
const onFocus = (event) => {
  studio().focused = nameOf(event.target);
};

const start = () => {
  // A capturing listener on the window runs before the shortcuts' own listener on the document.
  window.addEventListener("keydown", onKey, true);
  window.addEventListener("click", releaseSoon, true);
  document.addEventListener("focusin", onFocus);
  return () => {
    window.removeEventListener("keydown", onKey, true);
    window.removeEventListener("click", releaseSoon, true);
    document.removeEventListener("focusin", onFocus);
  };
};

export default function (component) {
  data = component.data;
  studio();
  stop ??= start();
  releaseSoon();
  if (studio().image !== data.image) {
    studio().image = data.image;
    const wanted = studio().focused;
    requestAnimationFrame(() => {
      if (!wanted || document.activeElement !== document.body) return;
      const blocks = document.querySelectorAll("[class*=st-key-give-], [class*=st-key-skip-]");
      const block = [...blocks].find((one) => nameOf(one) === wanted);
      block?.querySelector("button")?.focus({ preventScroll: true });
    });
  }
  // Streamlit calls this function with each new data, and the clean-up of the newest call when the desk goes.
  const mine = ++calls;
  return () => {
    if (mine !== calls) return;
    stop();
    stop = undefined;
  };
}
