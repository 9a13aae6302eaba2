// Asks for a new drawing once the project has moved on and nobody is in the middle of something.
const PAUSE_AFTER_TYPING = 3000;

let stop; // Streamlit calls the function at each new data, and what the newest call returns only at the very end
export default function ({ data, setTriggerValue }) {
  stop?.();
  let asked = false;
  let typed = 0;
  const onInput = () => {
    typed = Date.now();
  };
  const busy = () =>
    document.querySelector("[role=dialog], [role=combobox][aria-expanded=true], [data-busy]") ||
    Date.now() - typed < PAUSE_AFTER_TYPING;
  const look = () => {
    const pulse = document.querySelector(`[data-pulse="${data.project}"]`);
    if (asked || !pulse || Number(pulse.dataset.revision) <= data.seen || busy()) return;
    asked = true;
    setTriggerValue("moved", Number(pulse.dataset.revision));
  };
  const timer = setInterval(look, 200);
  window.addEventListener("input", onInput, true);
  return (stop = () => {
    clearInterval(timer);
    window.removeEventListener("input", onInput, true);
  });
}
