// The camera: pictures one after the other, as fast as the network answers.
"use strict";
globalThis.studio ??= {};

studio.Camera = class Camera {
  #video = document.createElement("video");
  #stream = null;
  #facing = "environment";

  get on() {
    return this.#stream !== null;
  }

  get video() {
    return this.#video;
  }

  get width() {
    return this.#video.videoWidth;
  }

  get height() {
    return this.#video.videoHeight;
  }

  // Called when the camera goes away by itself; the video would show its last picture for ever.
  onlost = () => {};

  // Asks for the camera. An error's message says what the person can do.
  async start() {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Error(
        location.protocol === "file:"
          ? "This browser gives no camera to pages that are opened as files. Put the folder on a web server with " +
              "https, or choose photos instead."
          : "Browsers allow the camera only on https:// pages and on localhost. Choose photos instead.",
      );
    }
    const wanted = { video: { facingMode: this.#facing, width: { ideal: 1280 }, height: { ideal: 720 } }, audio: false };
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia(wanted);
    } catch (error) {
      throw new Error(Camera.#reason(error.name));
    }
    this.#video.muted = true;
    this.#video.playsInline = true;
    this.#stream.getTracks().forEach((track) => track.addEventListener("ended", () => this.onlost()));
    this.#video.srcObject = this.#stream;
    try {
      await this.#video.play();
    } catch (error) {
      this.stop();
      throw new Error(Camera.#reason(error.name));
    }
  }

  stop() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
    this.#video.srcObject = null;
  }

  async turn() {
    this.#facing = this.#facing === "environment" ? "user" : "environment";
    this.stop();
    await this.start();
  }

  static async several() {
    const devices = await navigator.mediaDevices?.enumerateDevices?.();
    return (devices ?? []).filter((one) => one.kind === "videoinput").length > 1;
  }

  static #reason(name) {
    if (name === "NotAllowedError") {
      return "The camera was not allowed. Allow it in the address bar or in the browser's settings, then try again.";
    }
    if (name === "NotFoundError" || name === "OverconstrainedError") return "This device has no camera. Choose photos instead.";
    if (name === "NotReadableError") return "Another program uses the camera. Close it, then try again.";
    return `The camera did not start (${name}). Choose photos instead.`;
  }
};
