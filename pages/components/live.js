// Asks for a new drawing once the project has moved on and nobody is in the middle of something.
const PAUSE_AFTER_TYPING = 3000;

export default function ({ data, setTriggerValue }) {
  let asked = false;
  let typed = 0;
  const onInput = () => {
    typed = Date.now();
  };
  const busy = () =>
    document.querySelector("[role=dialog], [role=combobox][aria-expanded=true]") ||
    Date.now() - typed < PAUSE_AFTER_TYPING;
  const look = () => {
    const pulse = document.querySelector(`[data-pulse="${data.project}"]`);
    if (asked || !pulse || Number(pulse.dataset.revision) <= data.seen || busy()) return;
    asked = true;
    setTriggerValue("moved", Number(pulse.dataset.revision));
  };
  const timer = setInterval(look, 200);
  window.addEventListener("input", onInput, true);
  return () => {
    clearInterval(timer);
    window.removeEventListener("input", onInput, true);
  };
}
