// Shows the next question after an answer: the page would stay where the button was, which may be far below it.
const HEADING = ".st-key-add-questions :is(h2, h3)";
const IN_VIEW = 60; // pixels: what the bar at the top covers

const show = () => {
  const heading = document.querySelector(HEADING);
  if (!heading) return;
  const { top, bottom } = heading.getBoundingClientRect();
  heading.style.scrollMarginTop = "4.5rem";
  if (top < IN_VIEW || bottom > window.innerHeight / 2) heading.scrollIntoView({ block: "start" });
  // The button that had the focus is gone. Screen readers read the heading, and Tab goes on to the choices.
  heading.tabIndex = -1;
  heading.style.outline = "none";
  heading.focus({ preventScroll: true });
};

export default function ({ data }) {
  const before = window.resnetStudioTurn;
  window.resnetStudioTurn = data.turn;
  if (before !== undefined && data.turn > before) setTimeout(show, 50);
}
