// What every component with a camera needs: open it, say why it cannot be opened, take a picture at its own resolution.
// This text is put before a component's own, so that both are one module.
const JPEG_QUALITY = 0.92;

const element = (tag, name = "", text = "") => {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.textContent = text;
  return made;
};
const textButton = (text, act, name = "") => {
  const made = Object.assign(element("button", name, text), { type: "button" });
  made.addEventListener("click", act);
  return made;
};
const percent = (share) => `${Math.round(100 * share)}%`;
// A class with its probability as a bar.
const barOf = (name, share) => {
  const [bar, label, track, fill] = [element("div", "bar"), element("span", "", name), element("div", "track"), element("i")];
  label.title = name;
  fill.style.width = percent(share);
  track.append(fill);
  bar.append(label, track, element("span", "", percent(share)));
  return bar;
};

// Opens a camera of about that many pixels across, and shows it in the video element. Throws what the browser throws.
// lost() is called when the camera goes away by itself: the video would show its last picture for ever.
const openCamera = async (video, pixels, device, lost) => {
  if (!navigator.mediaDevices?.getUserMedia) throw new DOMException("no secure page", "SecurityError");
  const wanted = { width: { ideal: pixels }, height: { ideal: Math.round((pixels * 9) / 16) } };
  if (device) wanted.deviceId = { exact: device };
  const stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
  if (!video.isConnected) {
    for (const track of stream.getTracks()) track.stop(); // the page was left while the browser asked
    throw new DOMException("left", "AbortError");
  }
  for (const track of stream.getTracks()) track.addEventListener("ended", lost);
  video.srcObject = stream;
  await video.play();
  return stream;
};
const closeCamera = (video) => {
  if (!video?.srcObject) return;
  for (const track of video.srcObject.getTracks()) track.stop();
  video.srcObject = null;
};
const camerasThere = async () => {
  const found = await navigator.mediaDevices.enumerateDevices();
  return found.filter((one) => one.kind === "videoinput");
};
const CAMERA_LOST = "The camera was disconnected. Connect it, then start it again.";
const CAMERA_TROUBLE = {
  SecurityError: "A camera needs https, except on the computer that runs the app (localhost).",
  NotAllowedError: "The browser was not allowed to use the camera. Allow it in the address bar, then try again.",
  NotFoundError: "This device has no camera that the browser can find. Connect one, then try again.",
  NotReadableError: "Another program is using the camera. Close it there, then try again.",
};
const cameraTrouble = (error) =>
  CAMERA_TROUBLE[error?.name] ?? `The camera cannot be opened (${error?.message || error}). Try again.`;

// A JPEG of the video's present picture as base64, at the video's own resolution up to 4K and never at the size on
// screen; null while there is none.
const canvas = document.createElement("canvas");
const MOST_PIXELS = 8.9e6; // of a picture: the server takes 9 million (posted_pictures.py)
const takePicture = async (video) => {
  if (!video.videoWidth || !video.videoHeight) return null;
  const scale = Math.min(1, Math.sqrt(MOST_PIXELS / (video.videoWidth * video.videoHeight)));
  const [width, height] = [video.videoWidth, video.videoHeight].map((side) => Math.floor(side * scale));
  Object.assign(canvas, { width, height });
  canvas.getContext("2d").drawImage(video, 0, 0, width, height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", JPEG_QUALITY));
  if (!blob) return null;
  const reader = new FileReader();
  const read = new Promise((done, failed) => Object.assign(reader, { onload: done, onerror: failed }));
  reader.readAsDataURL(blob);
  await read;
  return reader.result.slice(reader.result.indexOf(",") + 1);
};
