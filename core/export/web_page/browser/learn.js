// Teaching: collects vectors of camera bursts and photos into classes, solves a new head, saves it and opens it again.
"use strict";
globalThis.studio ??= {};

studio.learning = (() => {
  const $ = (id) => document.getElementById(id);
  const FORMAT = "resnet-studio-head";
  const EVERY = 100; // milliseconds between two frames of a burst
  const MOST_FRAMES = 1000;
  const THUMBS = 8;
  const FOLDS = 5;
  const { page, bytes } = studio;
  const { settings } = page;
  const classes = []; // { name, shots: [{ vector, burst, thumb }], card }
  let bursts = 0;
  let collecting = null; // { one, burst, began, at, taken, last }; last: the button was let go before the first frame
  let learned = null; // what can be saved
  let known = null; // vectors of training photos that came with the page

  const frames = () => classes.reduce((sum, one) => sum + one.shots.length, 0);
  const burstsOf = (one) => new Set(one.shots.map((shot) => shot.burst)).size;
  const counted = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

  function tell(text) {
    $("learned").textContent = text;
    $("learned").hidden = !text;
  }

  function thumbnail(source, width, height) {
    const canvas = document.createElement("canvas");
    const side = Math.min(width, height);
    canvas.width = canvas.height = 64;
    canvas.getContext("2d").drawImage(source, (width - side) / 2, (height - side) / 2, side, side, 0, 0, 64, 64);
    return canvas.toDataURL("image/jpeg", 0.7);
  }

  function add(one, found, source, burst) {
    if (frames() >= MOST_FRAMES) {
      collecting = null;
      page.complain(`The page learns from at most ${MOST_FRAMES} frames. Delete a burst to collect others.`);
      return;
    }
    one.shots.push({ vector: found.vector, burst, thumb: thumbnail(source, found.width, found.height) });
    refresh(one);
  }

  function refresh(one) {
    const { card, shots } = one;
    card.count.textContent = shots.length
      ? `${counted(shots.length, "frame")} in ${counted(burstsOf(one), "burst")}`
      : "Nothing collected yet";
    card.thumbs.replaceChildren(
      ...shots.slice(-THUMBS).map((shot) => {
        const image = document.createElement("img");
        image.src = shot.thumb;
        image.alt = "";
        return image;
      }),
    );
    card.back.disabled = !shots.length;
    update();
  }

  function update() {
    const filled = classes.filter((one) => one.shots.length).length;
    $("learn").disabled = filled + ($("keep").checked && known ? 1 : 0) < 2 || !filled;
    classes.forEach(({ card }) => (card.hold.disabled = !page.camera.on));
  }

  function button(text, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    if (act) made.addEventListener("click", act);
    return made;
  }

  function addClass(name = "") {
    const one = { name: name || `Class ${classes.length + 1}`, shots: [] };
    const box = document.createElement("div");
    box.className = "class";
    box.setAttribute("role", "group");
    const label = document.createElement("label");
    label.append("Class name ");
    const input = document.createElement("input");
    input.type = "text";
    input.maxLength = 200;
    input.value = one.name;
    label.append(input);
    const count = document.createElement("span");
    count.className = "small";
    const top = document.createElement("div");
    top.className = "row";
    top.append(label, count);
    const thumbs = document.createElement("div");
    thumbs.className = "thumbs";
    const hold = button("Hold to collect");
    hold.className = "hold";
    hold.title = "Hold the button or the space bar while the camera runs.";
    const files = document.createElement("input");
    files.type = "file";
    files.accept = "image/*";
    files.multiple = true;
    files.className = "unseen";
    files.id = `class-files-${++bursts}`;
    const choose = document.createElement("label");
    choose.className = "button";
    choose.htmlFor = files.id;
    choose.textContent = "Add photos";
    const back = button("Delete last burst", () => {
      const last = one.shots.at(-1).burst;
      one.shots = one.shots.filter((shot) => shot.burst !== last);
      refresh(one);
    });
    const remove = button("Remove class", () => {
      classes.splice(classes.indexOf(one), 1);
      box.remove();
      update();
      $("add-class").focus();
    });
    const below = document.createElement("div");
    below.className = "row";
    below.append(hold, files, choose, back, remove);
    box.append(top, thumbs, below);
    one.card = { count, thumbs, hold, back };
    const named = () => {
      one.name = input.value.trim();
      box.setAttribute("aria-label", `Class ${one.name}`);
    };
    input.addEventListener("input", named);
    named();
    files.addEventListener("change", () => addFiles(one, Array.from(files.files)).finally(() => (files.value = "")));
    holding(hold, one);
    classes.push(one);
    $("classes").append(box);
    refresh(one);
    return { one, input };
  }

  // Collects while the button or a key is held.
  function holding(hold, one) {
    const begin = () => {
      if (!page.camera.on || (collecting && !collecting.last)) return;
      collecting = { one, burst: ++bursts, began: performance.now(), at: 0, taken: 0, last: false };
      hold.classList.add("on");
    };
    const end = () => {
      hold.classList.remove("on");
      if (collecting?.one !== one) return;
      if (collecting.taken) collecting = null;
      else collecting.last = true; // the first frame of a short press is still being computed
    };
    hold.addEventListener("pointerdown", (event) => {
      hold.setPointerCapture(event.pointerId);
      begin();
    });
    ["pointerup", "pointercancel", "lostpointercapture", "blur", "keyup"].forEach((kind) => hold.addEventListener(kind, end));
    hold.addEventListener("keydown", (event) => {
      if (event.key !== " " && event.key !== "Enter") return;
      event.preventDefault();
      if (!event.repeat) begin();
    });
    hold.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  async function addFiles(one, files) {
    page.calm();
    await page.ready;
    let failed = 0;
    for (const [number, file] of files.entries()) {
      tell(`Reading photo ${number + 1} of ${files.length} …`);
      try {
        const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
        // Each photo counts as a burst of its own.
        add(one, await page.look(bitmap, bitmap.width, bitmap.height), bitmap, ++bursts);
        bitmap.close();
      } catch {
        failed += 1;
      }
    }
    tell("");
    if (failed) page.complain(`${counted(failed, "photo")} could not be opened. Choose JPEG, PNG or WebP files.`);
  }

  // The vectors, class numbers and bursts of all that is to be learned; equal names are one class.
  function material() {
    const names = [];
    const rows = [];
    const numberOf = (name) => (names.includes(name) ? names.indexOf(name) : names.push(name) - 1);
    if (known && $("keep").checked) {
      settings.classes.forEach(numberOf);
      settings.known.forEach((label, row) => {
        const vector = known.subarray(row * settings.width, (row + 1) * settings.width);
        rows.push({ vector, label: numberOf(settings.classes[label]), burst: `known-${row}`, own: false });
      });
    }
    for (const one of classes) {
      if (!one.shots.length) continue;
      if (!one.name) throw new Error("A class has no name. Give it one, or remove it.");
      const label = numberOf(one.name);
      one.shots.forEach(({ vector, burst }) => rows.push({ vector, label, burst, own: true }));
    }
    // A kept class without vectors cannot be learned again.
    const used = names.map((_, label) => rows.some((row) => row.label === label));
    const kept = names.filter((_, label) => used[label]);
    rows.forEach((row) => (row.label = kept.indexOf(names[row.label])));
    if (kept.length < 2) throw new Error("Learning needs at least two classes with photos.");
    return { names: kept, rows };
  }

  function problem(rows, count) {
    const vectors = new Float32Array(rows.length * settings.width);
    rows.forEach((row, at) => vectors.set(row.vector, at * settings.width));
    const labels = rows.map((row) => row.label);
    return { vectors, labels, classes: count, width: settings.width, strength: settings.strength };
  }

  // Learns without some bursts and asks about them, until each of the person's bursts was left out once. Null where a
  // class has a single burst: it would be unknown while that one is left out.
  async function heldOut({ names, rows }, progress) {
    const groups = names.map((_, label) => [...new Set(rows.filter((row) => row.label === label).map((row) => row.burst))]);
    if (groups.some((some) => some.length < 2)) return null;
    const fold = new Map();
    groups.forEach((some) => some.forEach((burst, number) => fold.set(burst, number % FOLDS)));
    let correct = 0;
    let n = 0;
    const asked = new Set();
    for (let number = 0; number < FOLDS; number++) {
      const held = rows.filter((row) => row.own && fold.get(row.burst) === number);
      const rest = rows.filter((row) => fold.get(row.burst) !== number);
      if (!held.length) continue;
      progress(`Testing on bursts that were left out, part ${number + 1} …`);
      const { weight, bias } = await page.solve(problem(rest, names.length));
      for (const row of held) {
        const logits = studio.answer.logitsOf(row.vector, { classes: names, weight, bias });
        correct += logits.indexOf(Math.max(...logits)) === row.label;
        asked.add(row.burst);
        n += 1;
      }
    }
    return { correct, n, bursts: asked.size };
  }

  async function learn() {
    page.calm();
    $("learn").disabled = true;
    try {
      const given = material();
      const started = performance.now();
      tell("Learning …");
      const solved = await page.solve(problem(given.rows, given.names.length), ({ iteration }) =>
        tell(`Learning, iteration ${iteration} …`),
      );
      const seconds = (performance.now() - started) / 1000;
      use(given.names, solved.weight, solved.bias);
      const test = await heldOut(given, tell);
      const counts = given.names.map((name, label) => {
        const own = given.rows.filter((row) => row.label === label);
        return {
          name,
          frames: own.filter((row) => row.own).length,
          bursts: new Set(own.filter((row) => row.own).map((row) => row.burst)).size,
          known: own.filter((row) => !row.own).length,
        };
      });
      learned = { names: given.names, ...solved, test, counts };
      $("save-head").hidden = false;
      tell(
        `Learned ${given.names.length} classes from ` +
          `${counted(given.rows.length, "frame")} in ${seconds.toFixed(1)} s, solved to the optimum. ` +
          (test
            ? `On ${counted(test.bursts, "burst")} that were left out, ${test.correct} of ${test.n} frames were correct.`
            : "Collect at least two bursts for each class, and the page can test itself on bursts it did not learn from."),
      );
    } catch (error) {
      tell("");
      page.complain(error);
    } finally {
      update();
    }
  }

  function use(names, weight, bias) {
    const plain = { scale: 1, temperature: null, leaveBelow: null, threshold: null, setLimit: null, setLevel: 90, foreign: null };
    page.use({ classes: names, weight, bias, decision: plain });
    $("original").hidden = false;
  }

  function save() {
    const floats = (values) => bytes.toBase64(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    const file = {
      format: FORMAT,
      version: 1,
      trunk: settings.trunk,
      arch: settings.arch,
      page: settings.title,
      created: new Date().toISOString(),
      classes: learned.names,
      width: settings.width,
      weight: floats(learned.weight),
      bias: floats(learned.bias),
      strength: settings.strength,
      learned_from: learned.counts,
      held_out: learned.test,
    };
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(file, null, 1)], { type: "application/json" }));
    link.download = "learned-head.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function numbers(encoded) {
    try {
      return bytes.float32(bytes.fromBase64(encoded));
    } catch {
      throw new Error("it is damaged");
    }
  }

  // Opens a head that this or another copy of the page saved.
  async function open(file) {
    page.calm();
    try {
      if (file.size > 64 * 2 ** 20) throw new Error("it is too large");
      const found = JSON.parse(await file.text());
      if (found?.format !== FORMAT || found.version !== 1) throw new Error("it is not a saved head");
      if (found.trunk !== settings.trunk) throw new Error("it was learned on another network");
      const names = found.classes;
      const fine = Array.isArray(names) && names.length > 1 && names.every((name) => typeof name === "string" && name);
      const [weight, bias] = [found.weight, found.bias].map(numbers);
      const fits = fine && bias.length === names.length && weight.length === names.length * settings.width;
      if (!fits || ![...weight, ...bias].every(Number.isFinite)) throw new Error("it is damaged");
      await page.ready;
      use(names, weight, bias);
      learned = { names, weight, bias, counts: found.learned_from, test: found.held_out };
      $("save-head").hidden = false;
      tell(`Opened a head with ${names.length} classes: ${names.slice(0, 8).join(", ")}${names.length > 8 ? " …" : ""}.`);
    } catch (error) {
      page.complain(`${file.name} cannot be used: ${error.message}.`);
    }
  }

  $("add-class").addEventListener("click", () => addClass().input.select());
  $("learn").addEventListener("click", learn);
  $("keep").addEventListener("change", update);
  $("save-head").addEventListener("click", save);
  $("original").addEventListener("click", () => {
    page.use(page.original);
    $("original").hidden = true;
    tell("The page answers with its original classes again.");
  });
  $("head-file").addEventListener("change", (event) => {
    const file = event.target.files[0];
    if (file) open(file);
    event.target.value = "";
  });
  document.addEventListener("studio-camera", () => {
    collecting = null;
    update();
  });
  page.onFrame((found, still, captured) => {
    // A frame from before the press may show what was there before.
    if (!collecting || captured < collecting.began || captured - collecting.at < EVERY) return;
    const { one, burst } = collecting;
    Object.assign(collecting, { at: captured, taken: collecting.taken + 1 });
    if (collecting.last) collecting = null;
    add(one, found, still, burst);
  });
  page.ready.then(async () => {
    if (!settings.known.length) return;
    known = bytes.float16(await bytes.unpacked(bytes.text("known")));
    const of = new Set(settings.known).size;
    $("keep-text").textContent = `Keep the ${of} classes it knows (the features of ${settings.known.length} training photos came with the page)`;
    $("keep-label").hidden = false;
    update();
  });
  addClass();
  addClass();

  return { addClass, classes, learn, material };
})();
