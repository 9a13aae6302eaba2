// The stage of the Live page: a camera or a video file whose pictures go to the server one at a time, and what it
// answers. The next picture is taken only when the answer to the one before has come, so a slow server is never flooded
// and an answer is never about an old picture. A video is read here, picture by picture: the file itself stays here.
const LOST = 15000; // milliseconds after which an answer is not waited for any longer
const SHOWN_SECONDS = 60; // of the line under the picture
const BEEP = { every: 700, length: 0.28, pitch: 880 }; // milliseconds, seconds, hertz

let data, post, root, parts, tone;
let run = null; // what is being answered: id, source, number, began; null while nothing is
let waiting = null; // the picture on its way: number, captured (performance.now()), timer
let latency = null; // seconds of the answer before
let points = []; // [seconds, probability] of the line
let calls = 0;

const nameOf = (bytes = 8) => [...crypto.getRandomValues(new Uint8Array(bytes))].map((n) => n.toString(16)).join("");
const time = (seconds) => {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}.${Math.floor((seconds - whole) * 10)}`;
};
const say = (text) => {
  parts.note.textContent = text;
  parts.note.hidden = !text;
};

const start = (source) => {
  run = { id: nameOf(), source, number: 0, began: performance.now(), next: 0 };
  waiting = null;
  latency = null;
  points = [];
  parts.stage.classList.add("running");
  parts.go.textContent = source === "camera" ? "Stop" : "Stop reading";
  say("");
  if (data.sound) tone ??= new AudioContext();
  tone?.resume();
  capture();
};
const stop = (done = false) => {
  const ended = run;
  clearTimeout(waiting?.timer);
  run = waiting = null;
  silence();
  parts.stage.classList.remove("running", "alarm", "missing");
  parts.alarm.textContent = "";
  closeCamera(parts.video);
  parts.go.textContent = goText();
  if (ended && (done || ended.number)) post("finished", ended.id);
};
const goText = () => (data.source === "camera" ? "Start the camera" : "Read the video");

const onGo = async () => {
  if (run) return stop();
  if (data.source === "video") {
    if (!parts.video.src) return parts.file.click();
    return start("video");
  }
  parts.go.disabled = true;
  try {
    await openCamera(parts.video, data.pixels, parts.device.value, onCameraLost);
    await offerCameras();
    start("camera");
  } catch (error) {
    if (error?.name !== "AbortError") say(cameraTrouble(error));
  } finally {
    parts.go.disabled = false;
  }
};
const onCameraLost = () => {
  stop();
  say(CAMERA_LOST);
};
const offerCameras = async () => {
  const found = await camerasThere();
  const chosen = parts.device.value;
  parts.device.replaceChildren(...found.map((one, place) => new Option(one.label || `Camera ${place + 1}`, one.deviceId)));
  if (chosen) parts.device.value = chosen;
  parts.device.hidden = found.length < 2;
};
const onDevice = () => {
  if (!run) return;
  stop();
  onGo();
};
const onFile = () => {
  const [file] = parts.file.files;
  if (!file) return;
  if (run) stop();
  URL.revokeObjectURL(parts.video.src);
  parts.video.src = URL.createObjectURL(file);
  parts.video.onloadeddata = () => say(`${file.name}, ${time(length())}. Press "${goText()}".`);
  parts.video.onerror = () => {
    if (!parts.video.src) return;
    parts.video.removeAttribute("src");
    say(`${file.name} cannot be read by this browser. Save it as MP4 (H.264) or WebM, then choose it again.`);
  };
  parts.video.load();
};
const length = () => (Number.isFinite(parts.video.duration) ? parts.video.duration : 0);

// Recordings of browsers have no length until their end was looked for.
const findEnd = async () => {
  if (Number.isFinite(parts.video.duration)) return;
  await seek(1e9);
};
const seek = (seconds) =>
  new Promise((done) => {
    const end = () => {
      clearTimeout(timer);
      parts.video.removeEventListener("seeked", end);
      done();
    };
    const timer = setTimeout(end, 5000);
    parts.video.addEventListener("seeked", end);
    parts.video.currentTime = seconds;
  });

const capture = async () => {
  const mine = run;
  if (!mine || waiting || mine.busy) return;
  mine.busy = true;
  try {
    let at;
    if (mine.source === "video") {
      await findEnd();
      at = mine.next;
      if (mine !== run) return;
      if (at >= length()) return stop(true);
      await seek(at);
    }
    const captured = performance.now();
    at ??= (captured - mine.began) / 1000;
    const picture = await takePicture(parts.video);
    if (mine !== run) return;
    if (!picture) return void setTimeout(capture, 50);
    mine.number += 1;
    Object.assign(mine, { at, captured, next: at + 1 / data.rate });
    waiting = { number: mine.number, captured, timer: setTimeout(lost, LOST) };
    const [width, height] = [parts.video.videoWidth, parts.video.videoHeight];
    parts.size.textContent = `${width} × ${height}`;
    post("frame", { stream: mine.id, number: mine.number, at, picture, latency, source: mine.source });
  } finally {
    mine.busy = false;
  }
};
const lost = () => {
  waiting = null;
  run.next = run.at;
  say("The server has not answered for 15 seconds. Trying again.");
  capture();
};
const onAnswer = () => {
  const { answered, answer } = data;
  if (!run || !waiting || answered?.stream !== run.id || answered.number !== waiting.number) return;
  const now = performance.now();
  latency = (now - waiting.captured) / 1000;
  clearTimeout(waiting.timer);
  waiting = null;
  say(data.problem);
  crops(data.crops ?? []);
  if (data.missing) missing(data.missing);
  else if (answer) show(answer);
  // A camera need not be asked more often than the page says; a video is read as fast as answers come.
  const pause = run.source === "camera" ? Math.max(0, 1000 / data.rate - (now - run.captured)) : 0;
  setTimeout(capture, pause);
};

const show = (answer) => {
  parts.answer.textContent = answer.unsure ? `Unsure, perhaps ${answer.name}` : answer.name;
  const rows = answer.bars.map(([name, smoothed, raw, watched]) => {
    const bar = barOf(name, smoothed);
    const [track, now] = [bar.querySelector(".track"), element("b")];
    now.style.left = percent(raw);
    track.append(now);
    if (watched) {
      bar.classList.add("watched");
      const mark = element("u");
      mark.style.left = percent(answer.threshold);
      track.append(mark);
    }
    return bar;
  });
  parts.bars.replaceChildren(...rows);
  told(answer);
  parts.stage.classList.remove("missing");
  box(answer.box);
  points.push([answer.at, answer.line]);
  points = points.filter(([at]) => at >= answer.at - SHOWN_SECONDS);
  line(answer);
  alarm(answer.sounding);
};
// A frame without a face: the bars of the answer before stay, paler, because they are not about this frame.
const missing = (found) => {
  parts.answer.textContent = found.name;
  told(found);
  parts.stage.classList.add("missing");
};
const told = ({ watch, speed, events }) => {
  parts.watch.textContent = watch;
  parts.speed.textContent = speed;
  parts.log.replaceChildren(
    ...events.map(([at, kind, text]) => {
      const line = element("li", kind === "answer" ? "" : "turn");
      line.append(element("time", "", time(at)), element("span", "", text));
      return line;
    }),
  );
};
const box = (place) => {
  parts.box.hidden = !place;
  if (place) put(parts.box, place);
};
const put = (frame, place) =>
  ["left", "top", "width", "height"].forEach((side, index) => (frame.style[side] = `${100 * place[index]}%`));
const crops = (places) => {
  const frames = places.map((place) => {
    const frame = element("div", "crop");
    put(frame, place);
    return frame;
  });
  parts.crops.replaceChildren(...frames);
};
const line = ({ at, threshold }) => {
  const [width, height] = [600, 80];
  const x = (seconds) => ((width * (seconds - Math.max(0, at - SHOWN_SECONDS))) / SHOWN_SECONDS).toFixed(1);
  const y = (share) => (height * (1 - share)).toFixed(1);
  parts.line.setAttribute("points", points.map(([seconds, share]) => `${x(seconds)},${y(share)}`).join(" "));
  parts.limit.style.display = threshold === null ? "none" : "";
  for (const end of ["y1", "y2"]) parts.limit.setAttribute(end, y(threshold ?? 0));
};

let beeping = null;
const alarm = (text) => {
  parts.stage.classList.toggle("alarm", Boolean(text));
  if (parts.alarm.textContent !== (text ?? "")) parts.alarm.textContent = text ?? "";
  if (!text || !data.sound) return silence();
  if (beeping) return;
  beep();
  beeping = setInterval(beep, BEEP.every);
};
const silence = () => {
  clearInterval(beeping);
  beeping = null;
};
const beep = () => {
  tone ??= new AudioContext();
  const [source, volume] = [tone.createOscillator(), tone.createGain()];
  source.frequency.value = BEEP.pitch;
  // It rises and falls, or the loudspeaker would click.
  volume.gain.setValueAtTime(0, tone.currentTime);
  volume.gain.linearRampToValueAtTime(0.25, tone.currentTime + 0.02);
  volume.gain.linearRampToValueAtTime(0, tone.currentTime + BEEP.length);
  source.connect(volume).connect(tone.destination);
  source.start();
  source.stop(tone.currentTime + BEEP.length);
};

const build = () => {
  const video = Object.assign(element("video"), { muted: true, playsInline: true, preload: "auto" });
  video.setAttribute("aria-label", "The picture that is being answered");
  const chart = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  chart.setAttribute("viewBox", "0 0 600 80");
  chart.setAttribute("preserveAspectRatio", "none");
  chart.setAttribute("aria-hidden", "true");
  const [limit, curve] = ["line", "polyline"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  for (const [end, value] of Object.entries({ x1: 0, x2: 600, y1: -1, y2: -1 })) limit.setAttribute(end, value);
  chart.append(limit, curve);
  const file = Object.assign(element("input"), { type: "file", accept: "video/*", hidden: true });
  file.setAttribute("aria-label", "Video file");
  file.addEventListener("change", onFile);
  const device = element("select");
  device.ariaLabel = "Camera";
  device.hidden = true;
  device.addEventListener("change", onDevice);
  parts = {
    stage: element("div", "stage"), video, file, device, line: curve, limit,
    note: element("p", "problem"), answer: element("div", "answer"), bars: element("div", "bars"),
    watch: element("div", "watch"), speed: element("div", "speed"), log: element("ol", "log"),
    alarm: element("div", "alarm-text"), box: element("div", "box"), crops: element("div"), size: element("span", "size"),
    go: textButton("", onGo, "go"), choose: textButton("Choose a video", () => file.click()),
  };
  parts.note.setAttribute("role", "status");
  parts.alarm.setAttribute("role", "alert");
  parts.log.setAttribute("aria-label", "Event log, newest first");
  parts.box.hidden = parts.note.hidden = true;
  const picture = element("div", "picture");
  picture.append(video, parts.crops, parts.box, parts.size);
  const controls = element("div", "controls");
  controls.append(parts.go, parts.choose, file, device);
  const left = element("div", "left");
  left.append(picture, controls, parts.note);
  const right = element("div", "right");
  right.append(parts.alarm, parts.answer, parts.bars, chart, parts.watch, parts.speed, parts.log);
  parts.stage.append(left, right);
  root.replaceChildren(parts.stage);
};

const leave = () => {
  clearTimeout(waiting?.timer);
  run = waiting = null;
  silence();
  closeCamera(parts?.video);
};

export default function (component) {
  const before = data;
  data = component.data;
  post = component.setTriggerValue;
  const place = component.parentElement.querySelector(".live");
  if (place !== root) {
    leave();
    root = place;
    build();
  }
  const other = before && ["source", "model", "crop"].some((one) => before[one] !== data[one]);
  if (other && parts.crops.firstChild) parts.crops.replaceChildren();
  if (run && other) stop();
  if (before?.source !== data.source || !parts.go.textContent) {
    closeCamera(parts.video);
    if (parts.video.src) URL.revokeObjectURL(parts.video.src);
    parts.video.removeAttribute("src");
    parts.choose.hidden = data.source === "camera";
    parts.go.textContent = goText();
  }
  if (!data.sound) silence();
  onAnswer();
  // Streamlit calls this function with each new data, and the clean-up of the newest call when the stage goes.
  const mine = ++calls;
  return () => {
    if (mine === calls) leave();
  };
}
