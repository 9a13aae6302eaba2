// The menu of pages: names the current page for screen readers, and closes after a choice where it covers the page.
// Code that scrolls can be reached by Tab: Chromium and Firefox see to that themselves, Safari does not.
const LINKS = "[data-testid=stSidebar] [data-testid=stPageLink-NavLink]";
const OVER_THE_PAGE = matchMedia("(max-width: 768px)"); // Streamlit's own limit

const close = () => {
  if (!OVER_THE_PAGE.matches) return;
  const open = document.querySelector("[data-testid=stSidebar][data-collapsed=false]");
  open?.querySelector("[data-testid=stSidebarCollapseButton] button")?.click();
};
const onClick = (event) => {
  if (!event.ctrlKey && !event.metaKey && event.target.closest(LINKS)) setTimeout(close);
};
const reachCode = () => {
  for (const code of document.querySelectorAll(".stCode pre:not([tabindex])")) code.tabIndex = 0;
};
const begin = () => {
  document.addEventListener("click", onClick, true);
  new MutationObserver(reachCode).observe(document.body, { childList: true, subtree: true });
  return true;
};

export default function ({ data }) {
  for (const link of document.querySelectorAll(LINKS)) {
    if (link.getAttribute("href").split("?")[0] === data.path) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  window.resnetStudioFrame ??= begin(); // once for the whole visit
  if (![undefined, data.path].includes(window.resnetStudioPath)) close(); // another page has arrived
  window.resnetStudioPath = data.path;
  reachCode();
}
