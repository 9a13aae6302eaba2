// Requests a redraw when the project has changed, unless the user is in the middle of something.
const PAUSE_AFTER_TYPING = 3000;

// Streamlit calls this function whenever its data changes, but calls only the newest cleanup function, at the very end.
let stop;
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
