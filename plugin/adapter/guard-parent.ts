// The page form talks to its parent window only, and to one origin: that of the first message. imjoy-rpc itself listens to
// everyone, and runs the code of every message "execute"; this listener is there before it and stops what others send, and all code.

interface Target {
  readonly parent: unknown;
  addEventListener(type: "message", listener: (event: MessageEvent) => void, capture: boolean): void;
}

/** Lets messages of the parent through, from the origin of its first one on, unless they bring code; stops all others. */
export function guardParent(target: Target): void {
  let pinned: string | undefined;
  target.addEventListener(
    "message",
    (event) => {
      const isParent = event.source === target.parent;
      if (isParent) pinned ??= event.origin;
      if (!isParent || event.origin !== pinned || bringsCode(event.data)) event.stopImmediatePropagation();
    },
    true,
  );
}

/** True for what imjoy-rpc takes for code to run: scripts, requirements and elements alike. The page's configuration allows a host none. */
function bringsCode(data: unknown): boolean {
  return typeof data === "object" && data !== null && "type" in data && data.type === "execute";
}
