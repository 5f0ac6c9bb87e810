// Which test belongs to which project of vitest.config.ts, by its path.

const browser = ["test/viewer/**/*.test.ts", "test/browser/**/*.test.ts"];
const terminal = ["test/host/terminal/**/*.test.ts", "test/plugin/**/*.test.ts"];
const engine = [
  "test/core/engine/**/*.test.ts",
  "test/core/kernel/**/*.test.ts",
  "test/core/model/{export,onnx}.test.ts",
  "test/core/train.test.ts",
  "test/plugin/crew/choose-backend.test.ts",
];

export const projects = {
  browser: { include: browser },
  engine: { include: engine },
  terminal: { include: terminal, exclude: engine },
  unit: { include: ["test/**/*.test.ts"], exclude: [...browser, ...terminal, ...engine] },
};
