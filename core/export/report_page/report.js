// Draws the charts in the colours of the reader's theme, and in light colours and the width of a page for printing.
(() => {
  const { palettes, figures } = JSON.parse(document.getElementById("charts").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const print = matchMedia("print");
  const PRINTED_WIDTH = 680; // pixels: A4 with its margins
  let printing = false;

  // "@accent" is a colour of the palette, "@accent/0.35" the same with an opacity.
  function colored(value, palette) {
    if (Array.isArray(value)) return value.map((one) => colored(one, palette));
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, colored(one, palette)]));
    const found = typeof value === "string" && /^@([a-z]+)(?:\/([0-9.]+))?$/.exec(value);
    if (!found || !palette[found[1]]) return value;
    if (!found[2]) return palette[found[1]];
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(palette[found[1]].slice(at, at + 2), 16));
    return `rgba(${red},${green},${blue},${found[2]})`;
  }

  function draw() {
    const onPaper = printing || print.matches;
    const palette = palettes[dark.matches && !onPaper ? "dark" : "light"];
    for (const figure of figures) {
      const place = document.getElementById(figure.id);
      if (!place) continue;
      const layout = colored(figure.layout, palette);
      if (onPaper) layout.width = PRINTED_WIDTH;
      else layout.width = place.clientWidth || undefined;
      place.querySelector(":scope > p")?.remove();
      Plotly.react(place, colored(figure.data, palette), layout, { displayModeBar: false, displaylogo: false, showTips: false });
    }
  }

  const folded = [];
  function paper(on) {
    if (on === printing) return;
    printing = on;
    if (on)
      for (const one of document.querySelectorAll("details:not([open])")) {
        one.open = true;
        folded.push(one);
      }
    else for (const one of folded.splice(0)) one.open = false;
    draw();
  }

  let waiting = 0;
  addEventListener("resize", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(draw);
  });
  dark.addEventListener("change", draw);
  print.addEventListener("change", (event) => paper(event.matches));
  addEventListener("beforeprint", () => paper(true));
  addEventListener("afterprint", () => paper(false));
  draw();
})();
