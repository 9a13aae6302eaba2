// Gives names to what Gradio draws without one, so that a screen reader can tell the sample photos apart.
() => {
  const complete = () => {
    for (const image of document.querySelectorAll("#samples .gallery-item img[src]")) {
      const name = `Sample photo ${decodeURIComponent(image.src.split("/").pop())}`;
      const button = image.closest("button");
      if (button.getAttribute("aria-label") !== name) button.setAttribute("aria-label", name);
    }
    for (const place of document.querySelectorAll("div[aria-label]:not([role])")) place.setAttribute("role", "group");
  };
  complete();
  new MutationObserver(complete).observe(document.body, { childList: true, subtree: true, attributeFilter: ["src"] });
}
