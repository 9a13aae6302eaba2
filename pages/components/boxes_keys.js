// A key that is pressed in the table of coordinates belongs to the table: without this, typing 120 into a cell would
// also press the button whose shortcut is 1, and the cell would lose what was typed.
export default function () {
  const guard = (event) => {
    // React has served the table by the time the event reaches the body; the shortcuts listen above it.
    if (event.target instanceof Element && event.target.closest('[data-testid="stDataFrame"]')) event.stopPropagation();
  };
  document.body.addEventListener("keydown", guard);
  return () => document.body.removeEventListener("keydown", guard);
}
