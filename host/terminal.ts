// The terminal: `overtile new, info, sample, train, segment, evaluate, macro, models`. Its options are the table of parameters, with "-" for
// "_". Results go to stdout, progress and notices to stderr. Exit code 0; 1 for failures; 2 for wrong usage; those of signals are
// in run-job.ts.

import { Command, CommanderError, Option } from "commander";
import { describeError, isProblem } from "../core/problem.ts";
import { showText } from "../core/source/plain-text.ts";
import { type Action, type Parameter, presets } from "../plugin/parameter/parameter-table.ts";
import { parametersOf } from "../plugin/parameter/parameters.ts";
import { version } from "../plugin/version.ts";
import { evaluateCommand, infoCommand, newCommand, sampleCommand, segmentCommand } from "./terminal/commands.ts";
import { macroCommand } from "./terminal/macro.ts";
import { exportModelCommand, importModelCommand, listModelsCommand, removeModelCommand, renameModelCommand } from "./terminal/models.ts";
import { ownProcess, type TerminalProcess, withProcess } from "./terminal/process.ts";
import { exitCodeOf } from "./terminal/run-job.ts";
import { mergeCommand } from "./terminal/slide.ts";
import { trainCommand } from "./terminal/train.ts";

/** Runs the program in the given process; returns the exit code. */
export function runTerminal(argv: readonly string[], own: TerminalProcess): Promise<number> {
  return withProcess(own, async () => {
    const code = await run(argv, own);
    return exitCodeOf(own) ?? code;
  });
}

async function run(argv: readonly string[], { stderr }: TerminalProcess): Promise<number> {
  try {
    await createProgram().parseAsync([...argv], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof Error && error.name === "AbortError") {
      stderr.write("Ended before it was done.\n");
      return 1;
    }
    stderr.write(`overtile: ${isProblem(error) ? showText(error.message) : showText(describeUnexpected(error), "\n")}\n`);
    return isWrongUsage(error) ? 2 : 1;
  }
}

function isWrongUsage(error: unknown): boolean {
  return isProblem(error, "InvalidParameter") || isProblem(error, "InvalidMacro");
}

const examples = `
To try it:
  overtile sample cells
  overtile train cells -o cells.zip --minutes 5
  overtile segment cells/images/*.png --model cells.zip -o found
  overtile evaluate found cells/labels

Exit code: 0; 1 for a failure; 2 for wrong usage; 130 after a second Ctrl-C; 143 after SIGTERM, 129 after a hangup. The first
Ctrl-C, SIGTERM or hangup ends a training and keeps what it learnt.`;

function createProgram(): Command {
  const program = new Command("overtile")
    .description("Learns to segment your own structures from a few annotated images, and segments images of any size.")
    .version(version, "-v, --version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void ownProcess().stdout.write(text),
      writeErr: (text) => void ownProcess().stderr.write(showText(text, "\n")),
      outputError: (text, write) => write(text),
    })
    .showHelpAfterError("Try --help after the command.")
    .addHelpText("after", examples);

  addOptions(program.command("new"), "new")
    .description("make a fresh network")
    .argument("<MODEL.zip>", "where to write it")
    .option("--overwrite", "write over what is there", false)
    .action(newCommand);

  addOptions(program.command("info"), "info")
    .description("print a network's layers and what it costs")
    .argument("[MODEL.zip]", "a model; without one, the paper's network")
    .option("--json", "print one JSON document", false)
    .action(infoCommand);

  program
    .command("sample")
    .description("write a generated dataset of touching cells, to try things out")
    .argument("<DIR>", "folder to write images/ and labels/ into")
    .option("--images <N>", "number of images", "8")
    .option("--side <PX>", "side of an image", "320")
    .option("--seed <N>", "same seed, same images", "1")
    .option("--overwrite", "write over what is there", false)
    .action(sampleCommand);

  addOptions(program.command("train"), "train")
    .description("train on a dataset: a folder or zip with images/ and labels/ or classes/, optional ignore/")
    .argument("<DATASET>", "folder or zip")
    .requiredOption("-o, --out <MODEL.zip>", "where to write the model")
    .option("--overwrite", "write over what is there", false)
    .option("--json", "print one JSON document", false)
    .action(trainCommand);

  addSlideOptions(addOptions(program.command("segment"), "segment"))
    .description("segment images of any size with a model; writes TIFF files, OME-Zarr, outlines, tables")
    .argument("<IMAGE...>", "images (PNG, JPEG, TIFF, SVS, OME-Zarr; paths or addresses)")
    .requiredOption("-o, --out <DIR>", "folder for the results")
    .option("--overwrite", "write over what is there", false)
    .option("--json", "print one JSON document", false)
    .action(segmentCommand);

  addResultOptions(program.command("merge"))
    .description("join the objects of a slide whose blocks were segmented by shards")
    .argument("<NAME.overtile>", "the folder that the shards wrote into")
    .option("-o, --out <DIR>", "folder for the results (default: beside it)")
    .option("--output <WORD,...>", "labels, classes, probabilities, geojson, rois, coco, table", "labels")
    .option("--threshold <P>", "Pixels are objects where their probability is above this (default: what the run was begun with)")
    .option("--min-size <PX|auto>", "Smaller objects become background (default auto: what the model learnt)")
    .option("--fill-holes", "Background enclosed by an object becomes part of it (default: what the model learnt)")
    .option("--no-fill-holes", "Not so, whatever the model learnt.")
    .option(
      "--split <PX>",
      "Objects that grew together are cut at necks; more gives fewer cuts; 0: they stay whole (default: what the model's validation found best)",
    )
    .option("--overwrite", "write over what is there", false)
    .option("--json", "print one JSON document", false)
    .action(mergeCommand);

  addOptions(program.command("evaluate"), "evaluate")
    .description("compare label or class images with true ones: two files, or two folders of equally named ones")
    .argument("<PREDICTED>", "label or class image or folder")
    .argument("<TRUTH>", "label or class image or folder")
    .option("--json", "print one JSON document", false)
    .action(evaluateCommand);

  program
    .command("macro")
    .description("run a macro in ImageJ's grammar, once for each image that is named")
    .argument("<FILE.ijm>", "the macro")
    .argument("[IMAGE...]", "images (PNG, JPEG, TIFF); each is open when the macro begins")
    .option("--overwrite", "write over what is there", false)
    .action(macroCommand);

  addModels(program.command("models"));

  for (const command of program.commands.flatMap((one) => [one, ...one.commands]))
    command.exitOverride().showHelpAfterError("Try --help after the command.");
  return program;
}

const slideHelp = "Options for slides, which are segmented block by block:";

function addResultOptions(command: Command): Command {
  const option = (flags: string, text: string): Option => new Option(flags, text).helpGroup(slideHelp);
  return command
    .addOption(option("--format <WORD>", "Images as ome-tiff (default), ome-zarr (0.4) or ome-zarr-0.5; pyramids."))
    .addOption(option("--in-image <NAME>", "Labels into the image's own OME-Zarr, as labels/NAME, in the image's version."))
    .addOption(option("--roi <FILE>", "Only inside of these regions (ImageJ ROI, its zip, GeoJSON), and counts for each."))
    .addOption(option("--tolerance <PX>", "Corners of outlines may be left out that lie nearer than this (default 0)."));
}

function addSlideOptions(command: Command): Command {
  const option = (flags: string, text: string): Option => new Option(flags, text).helpGroup(slideHelp);
  return addResultOptions(command)
    .addOption(option("--region <X,Y,W,H>", "Only these pixels."))
    .addOption(option("--pixel-size <UM>", "Micrometres a pixel, where the image does not say; it is resampled to what the model learnt."))
    .addOption(option("--skip-empty", "Leave empty glass out, judged on a coarse level."))
    .addOption(option("--skip-bad", "Damaged chunks become background and are listed."))
    .addOption(option("--floats", "Probabilities as 32-bit numbers, not bytes."))
    .addOption(option("--resume", "Go on with a run that was ended; one that was kept makes its objects anew."))
    .addOption(option("--keep-run", "Keep NAME.overtile: --resume with another --threshold, --split and so on predicts nothing again."))
    .addOption(option("--shard <I/N>", "Only every N-th block, from the I-th on; `overtile merge` joins them."));
}

function addModels(models: Command): void {
  models.description("the library of models, which macros train into and --model NAME comes from");
  models
    .command("list", { isDefault: true })
    .description("print what is there")
    .option("--json", "print one JSON document", false)
    .action(listModelsCommand);
  models
    .command("import")
    .description("take a bioimage.io archive in, as the next version of its name")
    .argument("<FILE.zip>", "path or address")
    .option("--name <NAME>", "another name than the archive's own")
    .option("--json", "print one JSON document", false)
    .action(importModelCommand);
  models
    .command("export")
    .description("write a model to a file")
    .argument("<NAME>", "name, or name@version")
    .argument("<FILE.zip>", "where to write it")
    .option("--overwrite", "write over what is there", false)
    .action(exportModelCommand);
  models
    .command("rename")
    .description("give a model another name")
    .argument("<NAME>", "name, or name@version")
    .argument("<NEW>", "the new name")
    .option("--json", "print one JSON document", false)
    .action(renameModelCommand);
  models.command("remove").description("delete a model").argument("<NAME>", "name, or name@version").action(removeModelCommand);
}

// Given in another way in a terminal: as arguments, or with -o.
const elsewhere = new Set(["dataset", "name"]);

function addOptions(command: Command, action: Action): Command {
  for (const parameter of parametersOf(action))
    if (!elsewhere.has(parameter.name)) for (const option of toOptions(parameter, action)) command.addOption(option);
  if (action === "info")
    for (const parameter of parametersOf("new"))
      if (parameter.name !== "seed") for (const option of toOptions(parameter, action)) command.addOption(option);
  return command;
}

// What the table's sentence does not say for this command.
const help: Readonly<Record<string, string>> = {
  "info tile": "Input side of the network (default: the nearest legal one to 572).",
  "segment output": "What to write: labels, classes, probabilities; and geojson, rois, coco, table (default labels).",
  "train validate": "Share of the images that is kept for validation, or a dataset folder or zip (default 0.1).",
};

/** One option a parameter; a choice of yes and no has two, --flag and --no-flag, so that no word behind it is taken for its value. */
function toOptions(parameter: Parameter, action: Action): readonly Option[] {
  const option = toOption(parameter, action);
  if (!isYesOrNo(parameter)) return [option];
  return [option, new Option(`--no-${parameter.name.replaceAll("_", "-")}`, `Not so, whatever the model learnt.`)];
}

function isYesOrNo(parameter: Parameter): boolean {
  return parameter.type === "choice" && parameter.choices.includes("yes");
}

function toOption(parameter: Parameter, action: Action): Option {
  const flag = parameter.name.replaceAll("_", "-");
  const text = help[`${action} ${parameter.name}`] ?? `${parameter.help}${describeDefault(parameter, action)}`;
  const option = new Option(
    parameter.type === "flag" || isYesOrNo(parameter) ? `--${flag}` : `--${flag} <${placeholder(parameter)}>`,
    text,
  );
  return parameter.advanced === true ? option.helpGroup("Options for the curious:") : option;
}

function placeholder(parameter: Parameter): string {
  const unit = "unit" in parameter && parameter.unit !== undefined ? parameter.unit.toUpperCase() : "N";
  switch (parameter.type) {
    case "auto":
      return `${unit}|auto`;
    case "choice":
      return "WORD";
    case "list":
      return "WORD,...";
    case "text":
      return "TEXT";
    default:
      return unit;
  }
}

/** What may be chosen, and what is when nothing is given: " (sgd, adam; default adam)". */
function describeDefault(parameter: Parameter, action: Action): string {
  // Without a model, info speaks of the paper's network.
  const value = (action === "info" ? presets.ronneberger2015[parameter.name] : undefined) ?? parameter.default;
  if (parameter.type === "flag" || value === "") return "";
  if (isYesOrNo(parameter)) return ` (default ${value})`;
  const choices = parameter.type === "list" || parameter.type === "choice" ? `${parameter.choices.join(", ")}; ` : "";
  return ` (${choices}default ${action === "info" && parameter.name === "preset" ? "ronneberger2015" : value})`;
}

function describeUnexpected(error: unknown): string {
  const stack = ownProcess().env["OVERTILE_DEBUG"] !== undefined && error instanceof Error ? `\n${error.stack}` : "";
  return `something went wrong that should not: ${describeError(error)} (OVERTILE_DEBUG=1 shows where).${stack}`;
}
