// The page form talks to its parent window only, and to one origin: that of the first message. imjoy-rpc itself listens to
// everyone; this listener is there before it and stops what others send.

interface Target {
  readonly parent: unknown;
  addEventListener(type: "message", listener: (event: MessageEvent) => void, capture: boolean): void;
}

/** Lets messages of the parent through, from the origin of its first one on; stops all others. */
export function guardParent(target: Target): void {
  let pinned: string | undefined;
  target.addEventListener(
    "message",
    (event) => {
      const isParent = event.source === target.parent;
      if (isParent) pinned ??= event.origin;
      if (!isParent || event.origin !== pinned) event.stopImmediatePropagation();
    },
    true,
  );
}
