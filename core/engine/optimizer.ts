// Optimisers on the flat parameter array, in place: a step of a large network would else spend as long on fresh memory as on
// numbers. Our own, since a training resumed from a saved state must go on bit for bit.

/** State of an optimiser: arrays and a count, so that it can be saved. */
export interface OptimizerState {
  /** Steps made. */
  readonly step: number;
  /** One velocity a parameter (momentum), or first and second moment (Adam). */
  readonly moments: readonly Float32Array[];
}

export interface Optimizer {
  readonly name: "sgd" | "adam";
  init(size: number): OptimizerState;
  /** Makes a step: overwrites `weights` and the moments, and returns the state after it, of the same arrays. */
  update(weights: Float32Array, gradient: Float32Array, state: OptimizerState, learningRate: number): OptimizerState;
}

/** Stochastic gradient descent: v = momentum * v + g; w = w - rate * v (Ronneberger et al. use momentum 0.99). */
export function createSgd({ momentum = 0.99 } = {}): Optimizer {
  return {
    name: "sgd",
    init: (size) => ({ step: 0, moments: [new Float32Array(size)] }),
    update(weights, gradient, { step, moments }, learningRate) {
      const velocity = moments[0]!;
      for (let i = 0; i < weights.length; i++) {
        const v = momentum * velocity[i]! + gradient[i]!;
        velocity[i] = v;
        weights[i] = weights[i]! - learningRate * v;
      }
      return { step: step + 1, moments };
    },
  };
}

/** Adam with bias correction (Kingma and Ba 2014, arXiv:1412.6980, algorithm 1). */
export function createAdam({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = {}): Optimizer {
  return {
    name: "adam",
    init: (size) => ({ step: 0, moments: [new Float32Array(size), new Float32Array(size)] }),
    update(weights, gradient, { step, moments }, learningRate) {
      const [mean, square] = moments as readonly [Float32Array, Float32Array];
      const rate = learningRate / (1 - beta1 ** (step + 1));
      const correction = 1 / (1 - beta2 ** (step + 1));
      for (let i = 0; i < weights.length; i++) {
        const g = gradient[i]!;
        const m = beta1 * mean[i]! + (1 - beta1) * g;
        const s = beta2 * square[i]! + (1 - beta2) * g * g;
        mean[i] = m;
        square[i] = s;
        weights[i] = weights[i]! - (rate * m) / (Math.sqrt(correction * s) + epsilon);
      }
      return { step: step + 1, moments };
    },
  };
}

/** The optimiser of that name with its defaults. */
export function createOptimizer(name: "sgd" | "adam", momentum = 0.99): Optimizer {
  return name === "sgd" ? createSgd({ momentum }) : createAdam();
}

/** The learning rate at a step: constant, or falling along half a cosine from `rate` to 0 at `steps`. */
export function learningRateAt(
  step: number,
  { rate, steps, schedule }: { rate: number; steps: number; schedule: "constant" | "cosine" },
): number {
  return schedule === "constant" ? rate : 0.5 * rate * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps));
}

/** Moves the exponential average of weights on, in place; the decay grows from 0.1 to `decay`, so that early steps do not linger. */
export function averageWeights(average: Float32Array, weights: Float32Array, step: number, decay = 0.99): void {
  const keep = Math.min(decay, (1 + step) / (10 + step));
  for (let i = 0; i < weights.length; i++) average[i] = keep * average[i]! + (1 - keep) * weights[i]!;
}

/** Euclidean norm, in float64; NaN or Infinity when any value is. */
export function normOf(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2; // an iterator takes ten times as long
  return Math.sqrt(sum);
}
