// The menu bar, made of the commands' table. Arrow keys walk, Escape closes, as everywhere.

import { titleOf, type ViewerCommand } from "../command/command.ts";
import { html, nothing, type TemplateResult } from "../dom/html.ts";
import { icon } from "../dom/icon.ts";
import type { ShellState } from "../model/shell-state.ts";

const menuTitles = ["File", "Edit", "View", "Plugins", "Macro", "Help"];

/** The bar; on a narrow screen one button for all menus. */
export function menuBar(shell: ShellState, commands: readonly ViewerCommand[], run: (command: ViewerCommand) => void): TemplateResult {
  const open = shell.menu.value;
  if (shell.width.value === "narrow") return narrowMenu(shell, commands, run);
  return html`<div class="menubar" role="menubar" aria-label="Menus" @keydown=${(event: KeyboardEvent) => walkBar(event, shell)}>
    ${menuTitles.map(
      (title) => html`<div class="menu">
        <button
          role="menuitem"
          class="menu-title"
          aria-haspopup="menu"
          aria-expanded=${open === title}
          data-menu=${title}
          @click=${() => toggle(shell, title)}
          @pointerenter=${() => {
            if (shell.menu.value && shell.menu.value !== title) shell.menu.value = title;
          }}
        >${title}</button>
        ${
          open === title
            ? html`<div class="popup" role="menu" aria-label=${title}>${items(commandsOf(title, commands), shell, run)}</div>`
            : nothing
        }
      </div>`,
    )}
  </div>`;
}

function narrowMenu(shell: ShellState, commands: readonly ViewerCommand[], run: (command: ViewerCommand) => void): TemplateResult {
  const open = shell.menu.value !== undefined;
  return html`<div class="menu" @keydown=${(event: KeyboardEvent) => walkBar(event, shell)}>
    <button class="icon-button" aria-label="Menu" aria-haspopup="menu" aria-expanded=${open} data-menu="all" @click=${() => toggle(shell, "all")}>${icon("menu")}</button>
    ${
      open
        ? html`<div class="popup popup-all" role="menu" aria-label="Menu">
          ${menuTitles.map(
            (title) => html`<div class="popup-head" role="presentation">${title}</div>
              ${items(commandsOf(title, commands), shell, run)}`,
          )}
        </div>`
        : nothing
    }
  </div>`;
}

function commandsOf(title: string, commands: readonly ViewerCommand[]): readonly ViewerCommand[] {
  return commands.filter(({ menu, listed }) => menu?.split(" > ")[0] === title && listed?.() !== false);
}

function items(commands: readonly ViewerCommand[], shell: ShellState, run: (command: ViewerCommand) => void): TemplateResult[] {
  let group: string | undefined;
  let submenu: string | undefined;
  return commands.map((command) => {
    const line = group !== undefined && command.group !== group;
    group = command.group ?? "";
    const path = command.menu!.split(" > ")[1];
    const head = path !== submenu ? path : undefined;
    submenu = path;
    const checked = command.checked?.();
    return html`${line ? html`<div class="popup-line" role="separator"></div>` : nothing}${head ? html`<div class="popup-head" role="presentation">${head}</div>` : nothing}<button
        class="popup-item"
        role=${checked === undefined ? "menuitem" : "menuitemcheckbox"}
        aria-checked=${checked ?? nothing}
        ?disabled=${command.enabled?.() === false}
        data-command=${command.id}
        @click=${() => {
          shell.menu.value = undefined;
          run(command);
        }}
      ><span class="popup-check">${checked ? icon("check") : nothing}</span><span class="popup-text">${titleOf(command)}</span><kbd>${command.keys?.[0] ?? ""}</kbd></button>`;
  });
}

function toggle(shell: ShellState, title: string): void {
  shell.menu.value = shell.menu.value === title ? undefined : title;
}

function walkBar(event: KeyboardEvent, shell: ShellState): void {
  const bar = event.currentTarget as HTMLElement;
  const popup = bar.querySelector<HTMLElement>(".popup");
  const titles = [...bar.querySelectorAll<HTMLElement>("[data-menu]")];
  const entries = popup ? [...popup.querySelectorAll<HTMLButtonElement>("button:not(:disabled)")] : [];
  const at = entries.indexOf(document.activeElement as HTMLButtonElement);
  const focusTitle = (step: number): void => {
    const present = titles.findIndex((title) => title === document.activeElement || title.dataset["menu"] === shell.menu.value);
    const next = titles[(present + step + titles.length) % titles.length]!;
    if (shell.menu.value) shell.menu.value = next.dataset["menu"];
    next.focus();
  };
  const actions: Record<string, () => void> = {
    ArrowDown: () => {
      if (popup) entries[(at + 1) % entries.length]?.focus();
      else (document.activeElement as HTMLElement).click();
    },
    ArrowUp: () => entries[(at - 1 + entries.length) % entries.length]?.focus(),
    ArrowRight: () => focusTitle(1),
    ArrowLeft: () => focusTitle(-1),
    Home: () => entries[0]?.focus(),
    End: () => entries.at(-1)?.focus(),
    Escape: () => {
      const title = titles.find((button) => button.dataset["menu"] === shell.menu.value);
      shell.menu.value = undefined;
      title?.focus();
    },
  };
  const action = actions[event.key];
  if (!action || (event.key === "Escape" && !popup)) return;
  event.preventDefault();
  event.stopPropagation();
  action();
}
