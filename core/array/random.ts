// Random numbers as a pure function of a seed and a stream: sample k of a training is drawn from `createRandom(seed, k)`,
// so any worker can make it and a resumed run needs no generator state. Never Math.random in the core.
// Generator: xoshiro128** 1.1 (Blackman, Vigna 2018, https://prng.di.unimi.it/xoshiro128starstar.c). Its 128 bits of state
// are hashed from the numbers given with the 32-bit finaliser of MurmurHash3 (Appleby, public domain).

/** A stream of random numbers; each call moves it on. */
export interface Random {
  /** A number from `low` (inclusive) to `high` (exclusive), with 53 random bits; default 0 to 1. */
  uniform(low?: number, high?: number): number;
  /** A whole number from 0 to `n - 1`, each equally likely; `n` from 1 to 2^32. */
  integer(n: number): number;
  /** A number of the standard normal distribution. */
  normal(): number;
}

/** The stream named by `seed` and `stream`, whole numbers up to 2^53 of either sign. Equal numbers give equal streams; others unrelated ones. */
export function createRandom(seed: number, ...stream: number[]): Random {
  const state = hashNumbers([seed, ...stream]);
  let [a, b, c, d] = Array.from(state) as [number, number, number, number];
  let spare: number | undefined;

  const next = (): number => {
    const scaled = Math.imul(b, 5);
    const result = Math.imul((scaled << 7) | (scaled >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  const unit = (): number => ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992;

  return {
    uniform: (low = 0, high = 1) => low + (high - low) * unit(),
    integer: (n) => {
      // Rejection keeps every number equally likely: 2^32 mod n values at the end are drawn again.
      const end = 4294967296 - (4294967296 % n);
      let value = next();
      while (value >= end) value = next();
      return value % n;
    },
    normal: () => {
      if (spare !== undefined) {
        const value = spare;
        spare = undefined;
        return value;
      }
      // Box and Muller 1958: two at a time. 1 - unit() is never 0.
      const radius = Math.sqrt(-2 * Math.log(1 - unit()));
      const angle = 2 * Math.PI * unit();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
  };
}

function hashNumbers(numbers: readonly number[]): Int32Array {
  const state = Int32Array.of(0x9e3779b9, 0x243f6a88, 0xb7e15162, numbers.length);
  for (const number of numbers) {
    absorb(state, number | 0);
    absorb(state, Math.floor(number / 4294967296) | 0);
  }
  // Two empty rounds let the last number reach every word; the state of xoshiro must not be all zero.
  absorb(state, 0);
  absorb(state, 0);
  if (!state.some((word) => word !== 0)) state[0] = 1;
  return state;
}

function absorb(state: Int32Array, word: number): void {
  for (let i = 0; i < 4; i++) {
    state[i] = mix(state[i]! ^ word ^ Math.imul(state[(i + 3) & 3]!, 0x85ebca6b)) + 0x6d2b79f5 + i;
  }
}

function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
