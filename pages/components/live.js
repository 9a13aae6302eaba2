// Asks for a new drawing once the project has moved on and nobody is in the middle of something.
export default function ({ data, setTriggerValue }) {
  let asked = false;
  const busy = () => {
    const active = document.activeElement;
    return document.querySelector("[role=dialog]") || active?.matches?.("input, textarea, [contenteditable=true]");
  };
  const look = () => {
    const pulse = document.querySelector(`[data-pulse="${data.project}"]`);
    if (asked || !pulse || busy() || Number(pulse.dataset.revision) <= data.seen) return;
    asked = true;
    setTriggerValue("moved", Number(pulse.dataset.revision));
  };
  const timer = setInterval(look, 200);
  return () => clearInterval(timer);
}
