// tfjs's webgl backend on a context of our own, so that its loss is heard: tfjs only forgets the context and reads zeros from it.
// Half-precision textures cannot train (the loss turns into NaN) and are refused.

import { env, findBackendFactory, registerBackend, removeBackend, setBackend } from "@tensorflow/tfjs-core";
import { createWebGl } from "./adapters.ts";
import { createFailureWatch, type FailureWatch } from "./failure.ts";

// tfjs never deletes textures unless told how many may lie around.
const keptTextureBytes = 512e6;

/** Makes webgl the current backend. */
export async function startWebGl(): Promise<{ readonly watch: FailureWatch; dispose(): void }> {
  const { GPGPUContext, MathBackendWebGL, setWebGLContext } = await import("@tensorflow/tfjs-backend-webgl");
  const created = createWebGl();
  if (created === undefined) throw new Error("this browser has no WebGL 2 in workers");
  const { context, canvas } = created;
  const watch = createFailureWatch(() => (context.isContextLost() ? lost : undefined));
  const lost = "the WebGL context was lost";
  canvas.addEventListener("webglcontextlost", (event) => {
    event.preventDefault();
    watch.fail(lost);
  });
  setWebGLContext(2, context as unknown as WebGLRenderingContext);
  if (!env().getBool("WEBGL_RENDER_FLOAT32_ENABLED")) throw new Error("its textures have half precision, which cannot train");
  env().set("WEBGL_DELETE_TEXTURE_THRESHOLD", keptTextureBytes);
  if (findBackendFactory("webgl")) removeBackend("webgl");
  registerBackend("webgl", () => new MathBackendWebGL(new GPGPUContext(context as unknown as WebGLRenderingContext)), 2);
  if (!(await setBackend("webgl"))) throw new Error("WebGL could not be started here");
  return { watch, dispose: () => context.getExtension("WEBGL_lose_context")?.loseContext() };
}
