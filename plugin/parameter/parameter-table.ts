// The one table of parameters. Types, defaults, checks, the terminal's options, macro keys, the manifest's JSON Schema and
// the forms of foreign hosts are all made from it; nothing about a parameter is written twice.
// Rules, kept by a test: lower snake_case; no name ends another after "_" (ImageJ's parser would take one for the other);
// every boolean is false unless named (an unchecked box is an absent word).

export type Action = "segment" | "train" | "new" | "info" | "evaluate";

interface Common {
  readonly name: string;
  readonly title: string;
  /** One sentence for dialogs and --help. */
  readonly help: string;
  readonly unit?: string;
  readonly actions: readonly Action[];
  /** Shown only where a host asks for all. */
  readonly advanced?: boolean;
  /** Came after records were written without it: there it is its default, whatever the preset says now. */
  readonly isLater?: boolean;
}
export interface NumberParameter extends Common {
  readonly type: "integer" | "number";
  readonly default: number;
  readonly minimum: number;
  readonly maximum: number;
}
/** A number, whole unless `isFraction`, or the word `auto`. */
export interface AutoParameter extends Common {
  readonly type: "auto";
  readonly default: "auto";
  readonly isFraction?: boolean;
  readonly minimum: number;
  readonly maximum: number;
}
/** One of the choices. Where they include yes and no, a bare word or `true` is yes, and `false` is no. */
export interface ChoiceParameter extends Common {
  readonly type: "choice";
  readonly default: string;
  readonly choices: readonly string[];
}
/** Several of the choices, joined by commas. */
export interface ListParameter extends Common {
  readonly type: "list";
  readonly default: string;
  readonly choices: readonly string[];
}
export interface TextParameter extends Common {
  readonly type: "text";
  readonly default: string;
}
export interface FlagParameter extends Common {
  readonly type: "flag";
  readonly default: false;
}
export type Parameter = NumberParameter | AutoParameter | ChoiceParameter | ListParameter | TextParameter | FlagParameter;

// biome-ignore format: one line a parameter
export const parameters = [
  { name: "model", actions: ["segment"], type: "text", default: "", title: "Model", help: "Name in the library, name@version, or a path or URL that ends in .zip." },
  { name: "output", actions: ["segment"], type: "list", default: "labels", choices: ["labels", "classes", "probabilities"], title: "Output", help: "What to give back: objects, classes, probabilities of the classes." },
  { name: "min_size", actions: ["segment"], type: "auto", default: "auto", minimum: 0, maximum: 1000000000, unit: "px", title: "Smallest object", help: "Objects of fewer pixels become background; auto: half of the smallest ones that the model learnt." },
  { name: "fill_holes", actions: ["segment"], type: "choice", default: "auto", choices: ["auto", "yes", "no"], title: "Fill holes", help: "Background enclosed by an object becomes part of it; auto: where the objects that the model learnt have no holes." },
  { name: "threshold", actions: ["segment"], type: "auto", default: "auto", isFraction: true, minimum: 0.01, maximum: 0.99, title: "Threshold", help: "Pixels are objects where their probability is above this (two classes only): less makes objects larger and more; auto: what the model's validation found best." },
  { name: "split", actions: ["segment"], type: "auto", default: "auto", isFraction: true, minimum: 0, maximum: 1000, unit: "px", title: "Cut apart", help: "Objects that grew together are cut at necks that are narrower than both sides by this much of their radius; 0: they stay whole; auto: what the model's validation found best." },
  { name: "scale", actions: ["segment", "train"], type: "auto", default: "auto", isFraction: true, minimum: 0.01, maximum: 16, title: "Scale", help: "How images are magnified before the network sees them (0.5: half as many pixels a side); results keep the image's own pixels. auto: by pixel size where image and model know it, else as the model learnt; in training so that the drawn objects are of a size that it sees well.", isLater: true },
  { name: "symmetry", actions: ["segment"], type: "choice", default: "none", choices: ["none", "flips", "eight"], title: "Symmetries", help: "Probabilities are the mean over each tile and its mirror images (flips: 4 predictions), turned by 90 degrees as well (eight: 8): steadier outlines, as many times slower." },
  { name: "dataset", actions: ["train"], type: "text", default: "", title: "Dataset", help: "A dataset in the workspace, or a folder or zip with images/ and labels/ or classes/; empty: the samples given." },
  { name: "name", actions: ["train"], type: "text", default: "my model", title: "Name", help: "Name of the model in the library; training under a known name makes its next version." },
  { name: "preset", actions: ["train", "new"], type: "choice", default: "quick", choices: ["quick", "ronneberger2015", "falk2019"], title: "Preset", help: "quick: useful in minutes on a processor; ronneberger2015: the paper; falk2019: the Fiji plugin's numbers." },
  { name: "from", actions: ["train"], type: "text", default: "auto", title: "Begin with", help: "A model to go on from: name, name@version, path or URL; auto: the best of random weights and the models that come with Overtile, after 20 steps each; none: random weights." },
  { name: "levels", actions: ["train", "new"], type: "auto", default: "auto", minimum: 1, maximum: 6, title: "Levels", help: "Poolings on the contracting path; auto: 3, or 4 where the drawn objects are large." },
  { name: "features", actions: ["train", "new"], type: "integer", default: 16, minimum: 1, maximum: 512, title: "Features", help: "Feature channels of the first level; doubled at each." },
  { name: "dropout", actions: ["train", "new"], type: "number", default: 0, minimum: 0, maximum: 0.95, title: "Dropout", help: "Share of activations dropped at the end of the contracting path, in training.", advanced: true },
  { name: "channels", actions: ["new"], type: "integer", default: 1, minimum: 1, maximum: 1024, title: "Channels", help: "Channels of the images that the network will read." },
  { name: "compare", actions: ["evaluate"], type: "choice", default: "labels", choices: ["labels", "classes"], title: "Compare", help: "What the images hold: labels, one number an object; or classes, whose connected parts are the objects, with scores of each class." },
  { name: "classes", actions: ["train", "new", "evaluate"], type: "auto", default: "auto", minimum: 2, maximum: 255, title: "Classes", help: "Number of classes with background; auto: as many as are annotated." },
  { name: "tile", actions: ["segment", "train", "info"], type: "auto", default: "auto", minimum: 18, maximum: 10000, unit: "px", title: "Tile", help: "Input side of the network; auto: what computes least within the memory; in training the preset's, or a smaller one that learns from more annotated pixels for the same work." },
  { name: "steps", actions: ["train"], type: "auto", default: "auto", minimum: 1, maximum: 10000000, title: "Steps", help: "Length of the training; auto: the preset's, or as many as fit the minutes." },
  { name: "minutes", actions: ["train"], type: "number", default: 0, minimum: 0, maximum: 100000, unit: "min", title: "Minutes", help: "Train for about this long; 0: by steps." },
  { name: "lengths", actions: ["train"], type: "text", default: "", title: "Planned lengths", help: "How a training by minutes was planned anew, to do it again: from each step on it had so many steps (40:300,80:280).", advanced: true, isLater: true },
  { name: "stop_at", actions: ["train"], type: "auto", default: "auto", minimum: 1, maximum: 10000000, title: "Stop at", help: "End after this step though the schedule is longer, as a stopped training did.", advanced: true },
  { name: "optimizer", actions: ["train"], type: "choice", default: "adam", choices: ["sgd", "adam"], title: "Optimiser", help: "sgd: gradient descent with momentum; adam: Adam.", advanced: true },
  { name: "learning_rate", actions: ["train"], type: "number", default: 0.001, minimum: 1e-9, maximum: 10, title: "Learning rate", help: "Size of a step." },
  { name: "schedule", actions: ["train"], type: "choice", default: "cosine", choices: ["constant", "cosine"], title: "Schedule", help: "cosine: the learning rate falls to 0 along half a cosine.", advanced: true },
  { name: "momentum", actions: ["train"], type: "number", default: 0.99, minimum: 0, maximum: 0.9999, title: "Momentum", help: "Momentum of sgd.", advanced: true },
  { name: "averaging", actions: ["train"], type: "number", default: 0.99, minimum: 0, maximum: 0.9999, title: "Averaging", help: "Decay of the running mean of the weights, which is what is kept; 0: no mean.", advanced: true },
  { name: "batch", actions: ["train"], type: "integer", default: 1, minimum: 1, maximum: 64, title: "Batch", help: "Tiles a step; each worker takes one at a time." },
  { name: "seed", actions: ["train", "new"], type: "integer", default: 1, minimum: 0, maximum: 4294967295, title: "Seed", help: "Same seed, same result." },
  { name: "weight_map", actions: ["train"], type: "choice", default: "ronneberger2015", choices: ["ronneberger2015", "falk2019"], title: "Weight map", help: "Formula of the weights of pixels.", advanced: true },
  { name: "border_weight", actions: ["train"], type: "number", default: 10, minimum: 0, maximum: 10000, title: "Border weight", help: "w0: how much borders between touching objects count. quick takes 2 where fewer than 20 objects are drawn, random weights are asked for (from=none) and none is named.", advanced: true },
  { name: "border_sigma", actions: ["train"], type: "number", default: 5, minimum: 0.1, maximum: 100, unit: "px", title: "Border width", help: "sigma: how far from the objects the border's weight reaches.", advanced: true },
  { name: "class_balance", actions: ["train"], type: "choice", default: "none", choices: ["none", "equal"], title: "Class balance", help: "equal: every class counts the same, however few its pixels.", advanced: true },
  { name: "background", actions: ["train"], type: "number", default: 0.1, minimum: 0.001, maximum: 1, title: "Background weight", help: "Weight of background far from objects (falk2019 only).", advanced: true },
  { name: "smoothness", actions: ["train"], type: "number", default: 10, minimum: 0.1, maximum: 100, unit: "px", title: "Smoothness", help: "How far around objects background keeps its weight (falk2019 only).", advanced: true },
  { name: "elastic", actions: ["train"], type: "number", default: 10, minimum: 0, maximum: 100, unit: "px", title: "Elastic deformation", help: "Standard deviation of the displacement of 3 x 3 control points; 0: none.", advanced: true },
  { name: "grey_values", actions: ["train"], type: "number", default: 1, minimum: 0, maximum: 4, title: "Grey-value changes", help: "Strength of random changes of brightness and contrast; 0: none.", advanced: true },
  { name: "imaging", actions: ["train"], type: "number", default: 0, minimum: 0, maximum: 4, title: "Imaging changes", help: "Strength of random blur, noise, gain and gamma, as between microscopes; 0: none.", advanced: true, isLater: true },
  { name: "scale_range", actions: ["train"], type: "number", default: 1, minimum: 1, maximum: 4, title: "Scale range", help: "Objects are randomly magnified or shrunk by up to this factor; 1: never.", advanced: true, isLater: true },
  { name: "validate", actions: ["train"], type: "text", default: "0.1", title: "Validate", help: "Share of the images that is kept for validation, or a dataset." },
  { name: "hold_out", actions: ["train"], type: "choice", default: "none", choices: ["none", "objects"], title: "Hold out", help: "objects: where no image is kept for validation, some of eight and more drawn objects are kept apart from what is learnt, and tell at the end how good the model is; none: all are learnt.", isLater: true },
  { name: "interval", actions: ["train"], type: "auto", default: "auto", minimum: 1, maximum: 1000000, title: "Validation interval", help: "Steps between validations; auto: 20 in a training.", advanced: true },
  { name: "patience", actions: ["train"], type: "integer", default: 0, minimum: 0, maximum: 10000, title: "Patience", help: "Validations without a better score before it ends; 0: never.", advanced: true },
  { name: "resume", actions: ["train"], type: "flag", default: false, title: "Resume", help: "Go on from the checkpoint of a training that was ended." },
  { name: "channel", actions: ["segment", "train"], type: "text", default: "", title: "Channel", help: "Channels to read, from 1, joined by commas; empty: the first ones, or the only one that is not black." },
  { name: "plane", actions: ["segment", "train"], type: "text", default: "", title: "Plane", help: "Plane of a stack, from 0: z=3,t=1, or all: each by itself; empty: the one that is shown, else the first." },
  { name: "pixel_size", actions: ["train"], type: "number", default: 0, minimum: 0, maximum: 1000000, unit: "µm", title: "Pixel size", help: "Side of a pixel of the samples, kept in the model: slides are resampled to it; 0: as the images say." },
  { name: "memory", actions: ["segment", "train"], type: "integer", default: 1500, minimum: 50, maximum: 1000000, unit: "MB", title: "Memory", help: "Budget that the network may use, all workers together." },
  { name: "backend", actions: ["segment", "train"], type: "choice", default: "auto", choices: ["auto", "webgpu", "webgl", "wasm", "cpu"], title: "Backend", help: "What computes; auto: the best that answers rightly." },
  { name: "workers", actions: ["segment", "train"], type: "auto", default: "auto", minimum: 1, maximum: 64, title: "Workers", help: "Threads that compute; auto: one a core, as many as fit the memory." },
] as const satisfies readonly Parameter[];

type Table = (typeof parameters)[number];
export type ParameterName = Table["name"];
type ValueOf<P> = P extends { type: "integer" | "number" }
  ? number
  : P extends { type: "auto" }
    ? number | "auto"
    : P extends { type: "flag" }
      ? boolean
      : P extends { type: "choice"; choices: readonly (infer C)[] }
        ? C
        : string;
type TakenBy<A extends Action, P = Table> = P extends { actions: readonly (infer B)[] } ? (A extends B ? P : never) : never;

/** The resolved parameters of an action: every name with its value. */
export type Values<A extends Action> = { readonly [P in TakenBy<A> as P["name"]]: ValueOf<P> };

/** Values of each preset; explicit values go before it. */
// biome-ignore format: one line a preset
export const presets: Readonly<Record<"quick" | "ronneberger2015" | "falk2019", Readonly<Record<string, string | number>>>> = {
  quick: { levels: "auto", features: 16, tile: 412, batch: 2, steps: 1200, optimizer: "adam", learning_rate: 0.001, schedule: "cosine", averaging: 0.99, border_weight: 10, class_balance: "none", dropout: 0, imaging: 1, scale_range: 1.5, hold_out: "objects" },
  ronneberger2015: { from: "none", scale: 1, levels: 4, features: 64, tile: 572, steps: 20000, optimizer: "sgd", momentum: 0.99, learning_rate: 0.0001, schedule: "constant", averaging: 0, border_weight: 10, border_sigma: 5, class_balance: "equal", dropout: 0.5 },
  falk2019: { from: "none", scale: 1, levels: 4, features: 64, tile: 540, steps: 1000, optimizer: "adam", learning_rate: 0.0001, schedule: "constant", averaging: 0, weight_map: "falk2019", border_weight: 50, border_sigma: 6, background: 0.1, smoothness: 10, dropout: 0 },
};
