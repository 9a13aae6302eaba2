// Where the keys of a desk go. After a choice by mouse they belong to the desk again and not to the select or switch
// that was clicked; a key that is held down counts once; Enter accepts the suggestion unless somebody went to another
// button with Tab; and the keyboard focus stays on the same class from photo to photo.
const isText = (event) =>
  event.composedPath().some((node) => node.matches?.("input, textarea, select, [contenteditable=true]"));
// While one of these has the focus, Streamlit's shortcuts rest, or its arrow keys walk from choice to choice.
const CHOICES = ["stSelectbox", "stCheckbox", "stRadio"].map((name) => `[data-testid=${name}] input`);
const CHOICE = [...CHOICES, "[data-testid=stButtonGroup] button"].join(", ");
// A list that closes takes a moment, and gives the focus back to its field.
const LOOKS = [0, 100, 300];
const nameOf = (node) => {
  const block = node?.closest?.("[class*=st-key-give-], [class*=st-key-skip-]");
  const found = block && [...block.classList].find((name) => /^st-key-(give|skip)-/.test(name));
  return found ? found.replace(/-\d+/, "-*") : null;
};

// Listens for the whole visit: the click that opens a desk comes before the desk.
const begin = () => {
  const studio = { byPointer: !document.activeElement?.matches(":focus-visible") };
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

let data, stop;
let calls = 0;

const release = () => {
  const at = document.activeElement;
  // An open list is still being chosen from, and what is typed searches in it.
  if (studio().byPointer && at?.matches(CHOICE) && at.getAttribute("aria-expanded") !== "true") at.blur();
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
  // The browser presses the button that has the focus. After Tab that is meant; after a click it is a leftover.
  if (studio().tabbed) event.stopImmediatePropagation();
  else event.preventDefault();
};
const onFocus = (event) => {
  studio().focused = nameOf(event.target);
};

const start = () => {
  // Capturing on the window comes before the shortcuts' own listener on the document.
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
  // Streamlit calls this function at each new data, and what the newest call returns when the desk goes.
  const mine = ++calls;
  return () => {
    if (mine !== calls) return;
    stop();
    stop = undefined;
  };
}
