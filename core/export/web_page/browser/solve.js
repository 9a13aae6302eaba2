// Multinomial logistic regression with an L2 penalty, solved to its optimum by L-BFGS (Nocedal and Wright 2006,
// algorithms 7.4 and 7.5). It runs in the worker, so everything that it needs is inside.
"use strict";
globalThis.studio ??= {};

// vectors: float32 [n, width]; labels: [n]; classes: their number. Every class has the same total weight, because how
// many frames a burst has says nothing about how often its class will be seen. The strength is the studio's usual one
// for vectors that are centred and scaled to a mean squared length of 1. report(iteration, left) is called now and then.
studio.solveHead = function solveHead({ vectors, labels, classes, width, strength }, report = () => {}) {
  const MEMORY = 10;
  const MOST = 1000;
  const TOLERANCE = 1e-6; // the share of the loss that may be left to gain
  const n = labels.length;

  const center = new Float64Array(width);
  for (let row = 0; row < n; row++) for (let at = 0; at < width; at++) center[at] += vectors[row * width + at] / n;
  const rows = new Float32Array(n * width);
  let squares = 0;
  for (let row = 0; row < n; row++) {
    for (let at = 0; at < width; at++) {
      const value = vectors[row * width + at] - center[at];
      rows[row * width + at] = value;
      squares += value * value;
    }
  }
  const scale = Math.sqrt(squares / n) || 1;
  for (let at = 0; at < rows.length; at++) rows[at] /= scale;

  const counts = new Float64Array(classes);
  for (const label of labels) counts[label] += 1;
  const present = counts.reduce((sum, count) => sum + (count > 0), 0);
  const importance = Array.from(labels, (label) => 1 / (present * counts[label]));

  const line = width + 1; // the bias is last, and has no penalty
  const size = classes * line;
  const logits = new Float64Array(classes);

  function evaluate(parameters, gradient) {
    gradient.fill(0);
    let loss = 0;
    for (let row = 0; row < n; row++) {
      const from = row * width;
      let top = -Infinity;
      for (let one = 0; one < classes; one++) {
        const start = one * line;
        let sum = parameters[start + width];
        for (let at = 0; at < width; at++) sum += parameters[start + at] * rows[from + at];
        logits[one] = sum;
        if (sum > top) top = sum;
      }
      let total = 0;
      for (let one = 0; one < classes; one++) total += Math.exp(logits[one] - top);
      const share = importance[row];
      loss += share * (Math.log(total) + top - logits[labels[row]]);
      for (let one = 0; one < classes; one++) {
        const error = share * (Math.exp(logits[one] - top) / total - (one === labels[row] ? 1 : 0));
        const start = one * line;
        for (let at = 0; at < width; at++) gradient[start + at] += error * rows[from + at];
        gradient[start + width] += error;
      }
    }
    for (let one = 0; one < classes; one++) {
      for (let at = one * line; at < one * line + width; at++) {
        loss += (strength / 2) * parameters[at] * parameters[at];
        gradient[at] += strength * parameters[at];
      }
    }
    return loss;
  }

  const dot = (one, other) => {
    let sum = 0;
    for (let at = 0; at < size; at++) sum += one[at] * other[at];
    return sum;
  };

  let parameters = new Float64Array(size);
  let gradient = new Float64Array(size);
  let loss = evaluate(parameters, gradient);
  const history = [];
  let iteration = 0;
  // The loss is strongly convex: what is left to gain is at most the squared gradient over twice the strength.
  const left = () => dot(gradient, gradient) / (2 * strength);
  for (; iteration < MOST && left() > TOLERANCE * loss; iteration++) {
    if (iteration % 10 === 0) report(iteration, left() / loss);
    const direction = gradient.map((value) => -value);
    const shares = [];
    for (const { moved, turned, inverse } of [...history].reverse()) {
      const share = inverse * dot(moved, direction);
      for (let at = 0; at < size; at++) direction[at] -= share * turned[at];
      shares.push(share);
    }
    const newest = history.at(-1);
    const ratio = newest ? 1 / (newest.inverse * dot(newest.turned, newest.turned)) : 1;
    for (let at = 0; at < size; at++) direction[at] *= ratio;
    history.forEach(({ moved, turned, inverse }, number) => {
      const share = shares[history.length - 1 - number] - inverse * dot(turned, direction);
      for (let at = 0; at < size; at++) direction[at] += share * moved[at];
    });
    const slope = dot(gradient, direction);
    let step = 1;
    let after;
    let changed;
    let lower;
    let trials = 0;
    for (; trials < 30; trials++, step /= 2) {
      after = parameters.map((value, at) => value + step * direction[at]);
      changed = new Float64Array(size);
      lower = evaluate(after, changed);
      if (lower <= loss + 1e-4 * step * slope) break;
    }
    if (trials === 30) break; // rounding hides what could still be gained
    const moved = after.map((value, at) => value - parameters[at]);
    const turned = changed.map((value, at) => value - gradient[at]);
    const along = dot(moved, turned);
    if (along > 1e-14 * Math.sqrt(dot(moved, moved) * dot(turned, turned))) {
      history.push({ moved, turned, inverse: 1 / along });
      if (history.length > MEMORY) history.shift();
    }
    parameters = after;
    gradient = changed;
    loss = lower;
  }

  // Back to the vectors as they were, without what all classes have in common: that changes no probability.
  const weight = new Float32Array(classes * width);
  const bias = new Float32Array(classes);
  const middle = new Float64Array(line);
  for (let one = 0; one < classes; one++) {
    for (let at = 0; at < line; at++) middle[at] += parameters[one * line + at] / classes;
  }
  for (let one = 0; one < classes; one++) {
    let shift = parameters[one * line + width] - middle[width];
    for (let at = 0; at < width; at++) {
      const value = (parameters[one * line + at] - middle[at]) / scale;
      weight[one * width + at] = value;
      shift -= value * center[at];
    }
    bias[one] = shift;
  }
  return { weight, bias, loss, iterations: iteration, left: left() / loss };
};
