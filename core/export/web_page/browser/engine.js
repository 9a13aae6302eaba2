// The network in a worker of its own, so that the page answers while it computes. Nothing is fetched: the worker is made
// of texts and bytes that the page carries, which also works where the page is opened as a file.
"use strict";
globalThis.studio ??= {};

// Runs in the worker, after the text of onnxruntime-web, which defines `ort`.
studio.workerMain = function workerMain(solveHead) {
  let session = null;
  let names = [];
  const tasks = {
    async start({ factory, wasm, model, threads, outputs }) {
      const address = URL.createObjectURL(new Blob([factory], { type: "text/javascript" }));
      ort.env.wasm.wasmPaths = { mjs: address };
      ort.env.wasm.wasmBinary = wasm.buffer;
      ort.env.wasm.numThreads = threads;
      names = outputs;
      session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
      return {};
    },
    async run({ pixels, side }) {
      const begun = performance.now();
      const found = await session.run({ pixels: new ort.Tensor("uint8", pixels, [1, side, side, 3]) }, names);
      const outputs = Object.fromEntries(names.map((name) => [name, found[name].data.slice()]));
      names.forEach((name) => found[name].dispose());
      return { outputs, milliseconds: performance.now() - begun };
    },
    solve(problem, id) {
      return solveHead(problem, (iteration, left) => postMessage({ id, progress: { iteration, left } }));
    },
  };
  onmessage = async ({ data: { id, task, given } }) => {
    try {
      postMessage({ id, result: await tasks[task](given, id) });
    } catch (error) {
      postMessage({ id, error: String(error?.message ?? error) });
    }
  };
};

studio.Engine = class Engine {
  #worker;
  #waiting = new Map();
  #number = 0;

  // Returns an engine that is ready; `say` is told what happens meanwhile.
  static async started(network, say) {
    if (typeof WebAssembly === "undefined" || typeof DecompressionStream === "undefined") {
      throw new Error("This browser is too old for this page. Update it: Chrome 91, Firefox 114, Safari 16.4 or newer.");
    }
    say("Unpacking the model …");
    const { bytes } = studio;
    const decoded = new TextDecoder();
    const [script, factory, wasm, model] = await Promise.all(
      ["ort-script", "ort-factory", "ort-wasm", "model"].map((name) => bytes.unpacked(bytes.text(name))),
    );
    ["ort-script", "ort-factory", "ort-wasm", "model"].forEach(bytes.forget);
    const source = [decoded.decode(script), `\n(${studio.workerMain})(${studio.solveHead});`];
    const address = URL.createObjectURL(new Blob(source, { type: "text/javascript" }));
    const engine = new Engine();
    engine.#worker = new Worker(address);
    engine.#worker.onmessage = ({ data }) => engine.#receive(data);
    engine.#worker.onerror = (event) => engine.#fail(event.message || "its worker did not start");
    say("Starting the model …");
    // Threads share memory, which browsers allow on pages that isolate themselves from others.
    engine.threads = globalThis.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;
    const given = { factory: decoded.decode(factory), wasm, model, threads: engine.threads, outputs: network.outputs };
    await engine.#ask("start", given, [wasm.buffer, model.buffer]);
    return engine;
  }

  // The outputs for a view, RGB bytes [side, side, 3]; the bytes move to the worker.
  run(pixels, side) {
    return this.#ask("run", { pixels, side }, [pixels.buffer]);
  }

  solve(problem, progress) {
    return this.#ask("solve", problem, [], progress);
  }

  #ask(task, given, moved = [], progress = null) {
    return new Promise((resolve, reject) => {
      const id = ++this.#number;
      this.#waiting.set(id, { resolve, reject, progress });
      this.#worker.postMessage({ id, task, given }, moved);
    });
  }

  #receive({ id, result, error, progress }) {
    const waiting = this.#waiting.get(id);
    if (progress) {
      waiting.progress?.(progress);
      return;
    }
    this.#waiting.delete(id);
    if (error === undefined) waiting.resolve(result);
    else waiting.reject(new Error(error));
  }

  #fail(reason) {
    for (const { reject } of this.#waiting.values()) reject(new Error(reason));
    this.#waiting.clear();
  }
};
