// What ImageJ's macro language has and this host does not, each with what is here instead. Found before anything runs.

import { invalidMacro, type Token } from "./lex.ts";

const eachImage =
  'It runs once for each image: name them, as in "overtile macro FILE.ijm images/*.png", or choose Macro > Run on files in the viewer';

/** Words that begin what is not straight. */
const controls: Readonly<Record<string, string>> = {
  for: `is a loop, which a macro of this host does not have. ${eachImage}, and write its body alone, with getTitle() for the name.`,
  while: `is a loop, which a macro of this host does not have. ${eachImage}, and write its body alone, with getTitle() for the name.`,
  do: `is a loop, which a macro of this host does not have. ${eachImage}, and write its body alone, with getTitle() for the name.`,
  if: "is a condition, which a macro of this host does not have. Write a macro for each case.",
  else: "is a condition, which a macro of this host does not have. Write a macro for each case.",
  function: "begins a function, which a macro of this host does not have. Write its statements where they are wanted.",
  macro: "begins a block, which a macro of this host does not have. Write its statements alone.",
  return: "ends a function, which a macro of this host does not have. Leave it out.",
};

/** Throws Problem InvalidMacro for the first loop, condition, function or block. */
export function assertStraight(tokens: readonly Token[]): void {
  const found = tokens.find(({ kind, text }) => kind === "name" && Object.hasOwn(controls, text));
  if (found !== undefined) throw invalidMacro(found.line, found.text, `"${found.text}" ${controls[found.text]}`);
}

const instead: readonly (readonly [RegExp, string])[] = [
  [/^(getDirectory|getDir|getFileList|File(\..*)?)$/, ` A macro of this host reads no folders. ${eachImage}.`],
  [/^(Dialog(\..*)?|getNumber|getString|getBoolean)$/, " It asks nothing: write the value into the macro, as in x = 3;."],
  [/^(roiManager|RoiManager(\..*)?)$/, ' Objects are written by saveAs("ROI", "path").'],
  [/^(getResult|nResults|Table(\..*)?)$/, ' Measurements are written by saveAs("CSV", "path").'],
  [/^(nImages|getImageID)$/, ' Images are selected by their titles: selectImage("title").'],
];

/** What is here in place of a function of ImageJ; empty where nothing is known. */
export function adviseFunction(name: string): string {
  return instead.find(([pattern]) => pattern.test(name))?.[1] ?? "";
}

const commandsInstead: readonly (readonly [RegExp, string])[] = [
  [
    /^(\d+-bit( color)?|RGB color|Make Composite|Stack to RGB|Split Channels|Merge Channels\.*)$/i,
    'Overtile reads images of any bit depth and number of channels as they are; "channel=" in the options chooses. Leave it out.',
  ],
  [
    /^(Enhance Contrast\.*|Subtract Background\.*|Brightness\/Contrast\.*|Normalize.*)$/i,
    "Overtile normalises grey values itself. Leave it out.",
  ],
  [
    /^(Gaussian Blur.*|Median.*|Mean\.*|Smooth|Sharpen|Find Edges|Despeckle)$/i,
    "The network learns its own filters. Leave it out, and train on images as they are.",
  ],
  [
    /^(Threshold.*|Auto Threshold.*|Convert to Mask|Make Binary|Watershed|Fill Holes|Erode|Dilate|Open|Close-|Find Maxima.*)$/i,
    'Use "Overtile Segment": it finds objects, fills holes (fill_holes) and cuts them apart (split).',
  ],
  [
    /^(Analyze Particles.*|Measure|Set Measurements.*|Summarize)$/i,
    'Measurements of objects are written by saveAs("CSV", "path") behind "Overtile Segment".',
  ],
  [/^(Set Scale|Properties|Scale|Size)\.*$/i, 'The size of a pixel is read from the file; for trainings "pixel_size=" gives it.'],
  [/^(Close All|Close)$/i, 'Use close("*") or close().'],
  [
    /^(Duplicate\.*|Crop|Invert|Z Project.*|Open\.*|Save|Save As.*|Tiff\.*|Bio-Formats.*|ROI Manager.*|Clear Results|Console|Set Slice.*|Next Slice.*)$/i,
    'Do it in ImageJ beforehand, or use open("path") and saveAs("Tiff", "path").',
  ],
];

/** What is here in place of a command of ImageJ; undefined where it is none that is known. */
export function adviseCommand(name: string): string | undefined {
  const advice = commandsInstead.find(([pattern]) => pattern.test(name.trim()))?.[1];
  return advice === undefined ? undefined : `"${name}" is a command of ImageJ, which this host does not have. ${advice}`;
}

/** Throws Problem InvalidMacro for a sign behind a value that has a meaning in ImageJ only. */
export function assertNoOperator({ kind, text, line }: Token): void {
  if (kind !== "sign" || !"-*/%<>!&|^~?:.[{".includes(text)) return;
  const what = text === "[" || text === "." ? "Lists and their members are" : "It is";
  throw invalidMacro(
    line,
    text,
    `"${text}" cannot stand behind a value here. ${what} not part of the language: + puts texts together and adds numbers.`,
  );
}
