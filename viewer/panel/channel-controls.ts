// Contrast of the channels: a histogram with two handles' sliders, automatic limits, gamma, colour map.

import { html, nothing, type Part, type TemplateResult } from "../dom/html.ts";
import { toCss } from "../labels/label-color.ts";
import { autoDisplay, type ChannelDisplay, initialDisplay, measureChannels } from "../map/channel-display.ts";
import { type ColorMapName, colorAt, colorMaps } from "../map/color-map.ts";
import type { ImageEntry } from "../model/image-entry.ts";

/** Controls of every channel, and of the plane where there are several. */
export function channelControls(entry: ImageEntry): Part {
  const channels = entry.channels.value;
  if (channels.length === 0) return html`<p class="hint">Reading…</p>`;
  return html`<div class="controls">
    <label class="slider"><span>Opacity</span><input type="range" min="0" max="1" step="0.05" .value=${String(entry.opacity.value)} @input=${(
      event: Event,
    ) => {
      entry.opacity.value = Number((event.target as HTMLInputElement).value);
    }} /><output>${Math.round(entry.opacity.value * 100)} %</output></label>
    <div class="control-head"><span class="grow">Contrast</span><button class="quiet" @click=${() => resetContrast(entry)} title="As when the image was opened">Reset</button><button class="quiet" @click=${() => autoContrast(entry)} title="Limits that leave 0.1 % of the pixels dark and 0.1 % bright">Auto</button></div>
    ${channels.map((channel, i) => channelControl(entry, channel, i, channels.length > 1))}
  </div>`;
}

/** Sets the limits so that 0.1 % of the pixels shown are dark and 0.1 % bright. */
export function autoContrast(entry: ImageEntry): void {
  const plane = entry.plane.peek();
  const apply = (statistics: readonly ChannelDisplay["statistics"][]): void => {
    entry.channels.value = autoDisplay(entry.channels.peek(), statistics);
  };
  apply(entry.channels.peek().map(({ statistics }) => statistics));
  void measureChannels(entry.source, plane).then(apply, () => {});
}

/** Shows the image as when it was opened: a colour picture in its own colours. */
export function resetContrast(entry: ImageEntry): void {
  entry.channels.value = initialDisplay(
    entry.source,
    entry.channels.peek().map(({ statistics }) => statistics),
  );
}

/** Changes one channel's display. */
export function setChannel(entry: ImageEntry, index: number, change: Partial<ChannelDisplay>): void {
  entry.channels.value = entry.channels.value.map((channel, i) => (i === index ? { ...channel, ...change } : channel));
}

function channelControl(entry: ImageEntry, channel: ChannelDisplay, index: number, several: boolean): TemplateResult {
  const { least, largest } = channel.statistics;
  const step = entry.source.dtype.startsWith("float") ? (largest - least) / 1000 || 0.001 : 1;
  const low = Math.min(least, channel.low);
  const high = Math.max(largest, channel.high);
  const set = (key: "low" | "high") => (event: Event) => {
    const value = Number((event.target as HTMLInputElement).value);
    if (Number.isFinite(value)) setChannel(entry, index, { [key]: value });
  };
  const slider = (key: "low" | "high", name: string): TemplateResult => html`<label class="slider"><span>${name}</span>
      <input type="range" aria-label=${`${name} of ${channel.name}`} min=${low} max=${high} step=${step} .value=${String(channel[key])} @input=${set(key)} />
      <input class="number" type="number" aria-label=${`${name} of ${channel.name}, as a number`} step=${step} .value=${formatValue(channel[key])} @change=${set(key)} /></label>`;
  return html`<div class="channel">
    ${
      several
        ? html`<div class="channel-head"><label class="check"><input type="checkbox" .checked=${channel.visible} @change=${() => setChannel(entry, index, { visible: !channel.visible })} /><span class="swatch" style=${`background:${toCss(colorAt(colorMaps[channel.colorMap], 0.8))}`}></span><span class="clip">${channel.name}</span></label>${index < 9 ? html`<kbd>${index + 1}</kbd>` : nothing}</div>`
        : nothing
    }
    ${
      !several || channel.visible
        ? html`${histogram(channel)} ${slider("low", "Black")} ${slider("high", "White")}
    <label class="slider"><span>Gamma</span><input type="range" min="0.2" max="3" step="0.05" .value=${String(channel.gamma)} @input=${(event: Event) => setChannel(entry, index, { gamma: Number((event.target as HTMLInputElement).value) })} /><output>${channel.gamma.toFixed(2)}</output></label>
    <label class="slider"><span>Colours</span><select @change=${(event: Event) => setChannel(entry, index, { colorMap: (event.target as HTMLSelectElement).value as ColorMapName })}>
      ${Object.keys(colorMaps).map((name) => html`<option value=${name} ?selected=${name === channel.colorMap}>${name}</option>`)}
    </select></label>`
        : nothing
    }
  </div>`;
}

function histogram({ statistics: { histogram, least, largest }, low, high }: ChannelDisplay): TemplateResult {
  const top = Math.log1p(Math.max(1, ...histogram));
  const points = histogram.map((count, i) => `${((i + 0.5) / histogram.length) * 100},${(1 - Math.log1p(count) / top) * 40}`).join(" ");
  const span = largest - least || 1;
  const at = (value: number): number => Math.min(100, Math.max(0, ((value - least) / span) * 100));
  return html`<svg class="histogram" viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label="Histogram, counts on a logarithmic scale">
    <polygon class="histogram-fill" points=${`0,40 ${points} 100,40`}></polygon>
    <line class="histogram-limit" x1=${at(low)} x2=${at(high)} y1="40" y2="0" vector-effect="non-scaling-stroke"></line>
  </svg>`;
}

function formatValue(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)));
}
