// A key that is held down counts once, Enter accepts the suggestion unless somebody went to another button with Tab,
// and the keyboard focus stays on the same class from photo to photo.
const isText = (event) =>
  event.composedPath().some((node) => node.matches?.("input, textarea, select, [contenteditable=true]"));
const nameOf = (node) => {
  const block = node?.closest?.("[class*=st-key-give-], [class*=st-key-skip-]");
  const found = block && [...block.classList].find((name) => /^st-key-(give|skip)-/.test(name));
  return found ? found.replace(/-\d+/, "-*") : null;
};

export default function ({ data }) {
  const studio = (window.resnetStudioKeys ??= {});
  const onKey = (event) => {
    if (event.key === "Tab") studio.tabbed = true;
    if (isText(event)) return;
    const enter = event.key === "Enter";
    if (event.repeat && (event.key.length === 1 || enter)) {
      event.stopImmediatePropagation();
      if (enter) event.preventDefault();
      return;
    }
    if (!enter || document.activeElement === document.body) return;
    // The browser presses the button that has the focus. After Tab that is meant; after a click it is a leftover.
    if (studio.tabbed) event.stopImmediatePropagation();
    else event.preventDefault();
  };
  const onPointer = () => {
    studio.tabbed = false;
  };
  const onFocus = (event) => {
    studio.focused = nameOf(event.target);
  };
  // Capturing on the window comes before the shortcuts' own listener on the document.
  window.addEventListener("keydown", onKey, true);
  window.addEventListener("pointerdown", onPointer, true);
  document.addEventListener("focusin", onFocus);
  if (studio.image !== data.image) {
    studio.image = data.image;
    const wanted = studio.focused;
    requestAnimationFrame(() => {
      if (!wanted || document.activeElement !== document.body) return;
      const blocks = document.querySelectorAll("[class*=st-key-give-], [class*=st-key-skip-]");
      const block = [...blocks].find((one) => nameOf(one) === wanted);
      block?.querySelector("button")?.focus({ preventScroll: true });
    });
  }
  return () => {
    window.removeEventListener("keydown", onKey, true);
    window.removeEventListener("pointerdown", onPointer, true);
    document.removeEventListener("focusin", onFocus);
  };
}
