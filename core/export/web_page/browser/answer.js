// From the network's outputs to an answer: vector, logits, calibrated probabilities, doubt, box and heatmap.
"use strict";
globalThis.studio ??= {};

studio.answer = (() => {
  const TINY = 1e-12;

  // The means of maps [C, h, w]: [C].
  function means(maps, channels) {
    const places = maps.length / channels;
    const found = new Float32Array(channels);
    for (let channel = 0; channel < channels; channel++) {
      let sum = 0;
      for (let at = channel * places; at < (channel + 1) * places; at++) sum += maps[at];
      found[channel] = sum / places;
    }
    return found;
  }

  function length(vector) {
    let sum = 0;
    for (const value of vector) sum += value * value;
    return Math.sqrt(sum);
  }

  // What the head takes. With several stages, each vector is scaled to length 1, and they stand side by side.
  function vectorOf(outputs, network) {
    const last = means(outputs.layer4, network.channels);
    if (!network.lower.length) return { vector: last, last, scale: 1 };
    const parts = [...network.lower.map((name) => outputs[name]), last];
    const lengths = parts.map((part) => Math.max(length(part), TINY));
    const vector = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    parts.forEach((part, number) => {
      for (const value of part) vector[at++] = value / lengths[number];
    });
    return { vector, last, scale: 1 / lengths.at(-1) };
  }

  function logitsOf(vector, head) {
    const width = vector.length;
    return head.classes.map((_, row) => {
      let sum = head.bias[row];
      for (let at = 0, from = row * width; at < width; at++) sum += head.weight[from + at] * vector[at];
      return sum;
    });
  }

  function softmax(logits, temperature = 1) {
    const top = Math.max(...logits);
    const powers = logits.map((logit) => Math.exp((logit - top) / temperature));
    const sum = powers.reduce((one, other) => one + other, 0);
    return powers.map((power) => power / sum);
  }

  function largest(values, except = -1) {
    let best = -1;
    values.forEach((value, at) => {
      if (at !== except && (best < 0 || value > values[best])) best = at;
    });
    return best;
  }

  // 1 - the cosine to the nearest training photos' vectors, of which the given one counts.
  function foreignScore(last, near) {
    const own = Math.max(length(last), 1e-30);
    const width = last.length;
    const cosines = [];
    for (let from = 0; from < near.vectors.length; from += width) {
      let sum = 0;
      for (let at = 0; at < width; at++) sum += near.vectors[from + at] * last[at];
      cosines.push(sum / own);
    }
    cosines.sort((one, other) => other - one);
    return 1 - cosines[Math.min(near.neighbours, cosines.length) - 1];
  }

  // What the decision makes of probabilities, as core.inspection.deciding does. `logits` are for the set alone.
  function decided(probabilities, logits, head, foreign) {
    const rule = head.decision;
    let chosen = largest(probabilities);
    if (rule.threshold && head.classes.length > 1) {
      const own = rule.threshold.index;
      chosen = probabilities[own] >= rule.threshold.at ? own : largest(probabilities, own);
    }
    const isForeign = foreign !== null && foreign > rule.foreign.limit;
    const doubtful = rule.leaveBelow !== null && probabilities[chosen] < rule.leaveBelow;
    const likely = new Set();
    if (rule.setLimit !== null) {
      softmax(logits, rule.temperature ?? 1).forEach((value, at) => {
        if (1 - value <= rule.setLimit) likely.add(at);
      });
      likely.add(chosen);
    }
    const order = probabilities.map((_, at) => at).filter((at) => at !== chosen);
    order.sort((one, other) => probabilities[other] - probabilities[one] || one - other);
    return { chosen, order: [chosen, ...order], unsure: isForeign || doubtful, isForeign, likely, probabilities };
  }

  // The exact class activation map (Zhou et al. 2016): the places add up to the logit without its bias. A head on
  // several stages takes the last one's vector at length 1, and the map shows what that stage adds.
  function activationMap(outputs, head, target, network, scale) {
    const places = network.rows * network.columns;
    const width = head.weight.length / head.classes.length;
    const from = target * width + width - network.channels;
    const found = new Float64Array(places);
    for (let channel = 0; channel < network.channels; channel++) {
      const weight = (head.weight[from + channel] * scale) / places;
      for (let at = 0; at < places; at++) found[at] += weight * outputs.layer4[channel * places + at];
    }
    return found;
  }

  // The box of votes [5, h, w] as fractions of the view's side: see core.models.heads.BoxHead.
  function boxOf(votes, network) {
    const { rows, columns } = network;
    const places = rows * columns;
    const strengths = softmax(Array.from(votes.subarray(4 * places)));
    const side = (number, at) => {
      const value = votes[number * places + at];
      return value > 20 ? value : Math.log1p(Math.exp(value)); // softplus, as torch computes it
    };
    const corners = [0, 0, 0, 0];
    for (let at = 0; at < places; at++) {
      const x = ((at % columns) + 0.5) / columns;
      const y = (Math.floor(at / columns) + 0.5) / rows;
      const own = [x - side(0, at), y - side(1, at), x + side(2, at), y + side(3, at)];
      own.forEach((value, number) => (corners[number] += value * strengths[at]));
    }
    return corners;
  }

  return { vectorOf, logitsOf, softmax, foreignScore, decided, activationMap, boxOf };
})();
