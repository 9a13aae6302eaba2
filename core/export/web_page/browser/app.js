// The page: photos and camera in, answers with their doubt and their heatmap out.
"use strict";
globalThis.studio ??= {};

studio.page = (() => {
  const $ = (id) => document.getElementById(id);
  const SHOWN = 5;
  const SPOKEN_EVERY = 2000; // milliseconds between announcements of a live answer
  const settings = JSON.parse(studio.bytes.text("settings"));
  const { seen, network } = settings;
  const camera = new studio.Camera();
  let engine = null;
  let original = null; // the head that the page came with
  let head = null;
  let near = null; // vectors of training photos, for the score of unfamiliar photos
  let shown = null; // the last picture with its outputs
  let picture = null; // the photo's ImageBitmap
  let live = null; // smoothed probabilities of the camera
  let spoken = { text: "", at: 0 };
  let cameraNumber = 0; // of the newest loop over camera pictures; earlier ones end
  let newest = 0; // the number of the newest photo: answers to earlier ones are not shown
  const listeners = []; // those that want every vector from the camera

  const percent = (share) => (share >= 0.9995 ? "100%" : `${(100 * share).toFixed(1)}%`);

  function say(text) {
    $("state").textContent = text;
    $("state").hidden = !text;
  }

  function complain(error) {
    $("problem").textContent = error instanceof Error ? error.message : String(error);
    $("problem").hidden = false;
  }

  const calm = () => ($("problem").hidden = true);

  // Computes the network's outputs for a picture, and what follows from them.
  async function look(source, width, height) {
    const { pixels, place } = studio.view.ofPicture(source, width, height, seen);
    const { outputs, milliseconds } = await engine.run(pixels, seen.size);
    const { vector, last, scale } = studio.answer.vectorOf(outputs, network);
    return { outputs, milliseconds, vector, last, scale, place, width, height };
  }

  function decide(found, probabilities, logits) {
    const foreign = near && head === original ? studio.answer.foreignScore(found.last, near) : null;
    return studio.answer.decided(probabilities, logits, head, foreign);
  }

  function judge(found) {
    const logits = studio.answer.logitsOf(found.vector, head);
    const probabilities = studio.answer.softmax(logits, head.decision.scale);
    return decide(found, probabilities, logits);
  }

  // The camera's probabilities, averaged with a weight that halves in about the chosen time (exponential smoothing).
  function judgeLive(found, now) {
    const logits = studio.answer.logitsOf(found.vector, head);
    const fresh = studio.answer.softmax(logits, head.decision.scale);
    const seconds = Number($("smoothing").value);
    if (!live || live.head !== head || seconds === 0) live = { head, at: now, probabilities: fresh, logits };
    else {
      const share = 1 - Math.exp((-(now - live.at) / 1000 / seconds) * Math.LN2);
      const mix = (old, one) => old.map((value, at) => value + share * (one[at] - value));
      live = { head, at: now, probabilities: mix(live.probabilities, fresh), logits: mix(live.logits, logits) };
    }
    return decide(found, live.probabilities, live.logits);
  }

  function show(found, answer, speed) {
    const name = head.classes[answer.chosen];
    const share = answer.probabilities[answer.chosen];
    $("no-result").hidden = true;
    $("result").hidden = false;
    $("answer").textContent = answer.unsure ? `Not sure: perhaps ${name}` : name;
    $("doubt").hidden = !answer.unsure;
    $("doubt").textContent = answer.isForeign
      ? "This photo is unlike those that the model learned from. Leave it to a person."
      : `Its probability is below ${percent(head.decision.leaveBelow ?? 0)}. Leave this photo to a person.`;
    const bars = answer.order.slice(0, SHOWN).map((at) => {
      const item = document.createElement("li");
      const fill = document.createElement("span");
      fill.className = "fill";
      fill.style.width = `${100 * answer.probabilities[at]}%`;
      const label = document.createElement("span");
      label.textContent = head.classes[at];
      const value = document.createElement("span");
      value.className = "share";
      value.textContent = percent(answer.probabilities[at]);
      item.append(fill, label, value);
      return item;
    });
    $("bars").replaceChildren(...bars);
    const likely = answer.order.filter((at) => answer.likely.has(at)).map((at) => head.classes[at]);
    const level = `In ${head.decision?.setLevel}% of cases, such a list contains the right one.`;
    $("likely").textContent = likely.length > 1 ? `Likely classes: ${likely.join(", ")}. ${level}` : "";
    $("speed").textContent = speed;
    const doubt = answer.unsure ? "Not sure. Perhaps " : "";
    speak(`${doubt}${name}, ${percent(share)}`, camera.on ? `${doubt}${name}` : "");
    // For tests and for those who open the console.
    globalThis.studio.last = { name, answer, logits: studio.answer.logitsOf(found.vector, head), found };
  }

  // Tells screen readers the answer; while the camera runs, only when the class changes, and not too often.
  function speak(text, key) {
    const now = performance.now();
    if (key && (key === spoken.text || now - spoken.at < SPOKEN_EVERY)) return;
    spoken = { text: key, at: now };
    $("spoken").textContent = text;
  }

  function paint(source, found, answer) {
    let heat = null;
    if ($("heat-on").checked) {
      const map = studio.answer.activationMap(found.outputs, head, answer.chosen, network, found.scale);
      heat = studio.drawing.heatPicture(map, network.rows, network.columns);
    }
    let box = null;
    if (network.boxes && head === original) {
      box = studio.view.boxInPicture(studio.answer.boxOf(found.outputs.votes, network), found.place, seen.size);
    }
    const canvas = $("picture");
    studio.drawing.draw(canvas, source, found.width, found.height, { heat, place: found.place, side: seen.size, box });
    canvas.hidden = false;
    $("frame-hint").hidden = true;
    const name = head.classes[answer.chosen];
    const marked = box ? `; a box from ${Math.round(box.x)}, ${Math.round(box.y)}, ${Math.round(box.width)} wide and ${Math.round(box.height)} high` : "";
    canvas.setAttribute("aria-label", `${camera.on ? "Camera picture" : "Photo"}: ${name}${heat ? ", with the heatmap of what supports it" : ""}${marked}`);
    $("heat-note").hidden = !$("heat-on").checked;
    $("heat-note").textContent = heat
      ? `Bright places raise the score of ${name}: the map is exact, its places add up to ${network.lower.length ? "what the last stage adds to the score" : "the score without its bias"}.`
      : `No place raises the score of ${name}.`;
  }

  async function answerPhoto(blob, name) {
    calm();
    const number = ++newest;
    if (camera.on) stopCamera();
    let bitmap;
    try {
      bitmap = await createImageBitmap(blob, { imageOrientation: "from-image" });
    } catch {
      complain(`This browser cannot open ${name}. Choose a JPEG, PNG or WebP photo; save a HEIC photo as JPEG first.`);
      return;
    }
    await ready;
    say("Looking …");
    try {
      const found = await look(bitmap, bitmap.width, bitmap.height);
      if (number !== newest) return;
      picture?.close?.();
      picture = bitmap;
      shown = found;
      const answer = judge(found);
      show(found, answer, `Computed in ${(found.milliseconds / 1000).toFixed(2)} s on this device.`);
      paint(bitmap, found, answer);
    } catch (error) {
      complain(error);
    } finally {
      say("");
    }
  }

  // Answers the last photo again, after the head or a switch has changed.
  function again() {
    if (!shown || !picture || camera.on) return;
    const answer = judge(shown);
    show(shown, answer, $("speed").textContent);
    paint(picture, shown, answer);
  }

  async function runCamera() {
    const own = ++cameraNumber;
    const on = () => camera.on && own === cameraNumber;
    const times = [];
    while (on()) {
      if (!camera.width) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      // A copy: the heatmap must lie on the picture that it explains.
      const captured = performance.now();
      const still = document.createElement("canvas");
      still.width = camera.width;
      still.height = camera.height;
      still.getContext("2d").drawImage(camera.video, 0, 0);
      try {
        const found = await look(still, still.width, still.height);
        if (!on()) break;
        const now = performance.now();
        times.push(now);
        if (times.length > 10) times.shift();
        const rate = times.length > 1 ? ((times.length - 1) * 1000) / (now - times[0]) : 0;
        const answer = judgeLive(found, now);
        show(found, answer, rate ? `${rate.toFixed(1)} answers per second.` : "");
        paint(still, found, answer);
        listeners.forEach((listener) => listener(found, still, captured));
      } catch (error) {
        stopCamera();
        complain(error);
      }
      // Lets the browser draw and handle clicks between two pictures.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  async function startCamera() {
    calm();
    newest++;
    $("camera-switch").disabled = true;
    try {
      await camera.start();
      live = null;
      shown = null;
      $("camera-switch").textContent = "Stop the camera";
      $("smoothing-label").hidden = false;
      $("camera-other").hidden = !(await studio.Camera.several());
      document.dispatchEvent(new Event("studio-camera"));
      runCamera();
    } catch (error) {
      complain(error);
    } finally {
      $("camera-switch").disabled = false;
    }
  }

  function stopCamera() {
    camera.stop();
    $("camera-switch").textContent = "Start the camera";
    $("smoothing-label").hidden = true;
    $("camera-other").hidden = true;
    document.dispatchEvent(new Event("studio-camera"));
  }

  function use(other) {
    head = other;
    live = null;
    again();
  }

  function firstImage(list) {
    return Array.from(list ?? []).find((file) => file.type.startsWith("image/") || /\.(heic|heif|avif)$/i.test(file.name));
  }

  function listen() {
    $("photo-file").addEventListener("change", (event) => {
      const file = event.target.files[0];
      if (file) answerPhoto(file, file.name);
      event.target.value = "";
    });
    $("camera-switch").addEventListener("click", () => (camera.on ? stopCamera() : startCamera()));
    $("camera-other").addEventListener("click", async () => {
      try {
        await camera.turn();
        runCamera();
      } catch (error) {
        stopCamera();
        complain(error);
      }
    });
    camera.onlost = () => {
      stopCamera();
      complain("The camera was disconnected. Connect it, then start it again.");
    };
    $("heat-on").addEventListener("change", again);
    $("smoothing").addEventListener("input", (event) => {
      $("smoothing-value").textContent = `${Number(event.target.value).toFixed(1)} s`;
    });
    document.addEventListener("paste", (event) => {
      const file = firstImage(event.clipboardData?.files);
      if (file) answerPhoto(file, "the pasted photo");
    });
    const frame = $("frame");
    const over = (on) => (event) => {
      event.preventDefault();
      frame.classList.toggle("over", on);
    };
    // Everywhere, so that a photo that misses the frame does not replace the page.
    document.addEventListener("dragover", over(true));
    document.addEventListener("dragleave", over(false));
    document.addEventListener("drop", (event) => {
      over(false)(event);
      const file = firstImage(event.dataTransfer?.files);
      if (file) answerPhoto(file, file.name);
      else complain("That is not a photo. Drop a JPEG, PNG or WebP file.");
    });
  }

  function showSamples() {
    settings.samples.forEach(async (name, number) => {
      // A page that was published without its photos has none of them.
      if (!studio.bytes.has(`sample-${number}`)) return;
      const bytes = await studio.bytes.unpacked(studio.bytes.text(`sample-${number}`));
      const blob = new Blob([bytes], { type: "image/jpeg" });
      const button = document.createElement("button");
      const image = document.createElement("img");
      image.src = URL.createObjectURL(blob);
      image.alt = `Sample ${number + 1}${name ? `, ${name}` : ""}`;
      button.type = "button";
      button.style.order = number;
      button.append(image);
      button.addEventListener("click", () => answerPhoto(blob, image.alt));
      $("samples").append(button);
      $("samples").hidden = false;
    });
  }

  async function begin() {
    const numbers = studio.bytes.float32(await studio.bytes.unpacked(studio.bytes.text("head")));
    const split = settings.classes.length * settings.width;
    original = {
      classes: settings.classes,
      weight: numbers.subarray(0, split),
      bias: numbers.subarray(split),
      decision: settings.decision,
    };
    head = original;
    if (settings.decision.foreign) {
      const vectors = studio.bytes.float16(await studio.bytes.unpacked(studio.bytes.text("foreign")));
      near = { vectors, neighbours: settings.decision.foreign.neighbours };
    }
    engine = await studio.Engine.started(network, say);
    $("camera-switch").disabled = false;
    say("");
    document.dispatchEvent(new Event("studio-ready"));
  }

  listen();
  showSamples();
  const ready = begin();
  ready.catch((error) => {
    say("");
    complain(`The model did not start: ${error.message}`);
  });

  return {
    settings,
    ready,
    camera,
    look,
    use,
    complain,
    calm,
    solve: (problem, progress) => engine.solve(problem, progress),
    onFrame: (listener) => listeners.push(listener),
    get head() {
      return head;
    },
    get original() {
      return original;
    },
  };
})();
