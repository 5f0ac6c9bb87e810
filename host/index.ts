// What viewer and terminal take from this room.

export {
  type CommandRegistry,
  createCommandRegistry,
  type Handler,
  type HandlerLookup,
  lookupHandlers,
  type RegisteredCommand,
  takesInput,
} from "./commands.ts";
export { createHost, type Files, type HostOptions, type LocalHost } from "./host.ts";
export { createImageList, type ImageList, titleOfAddress } from "./images.ts";
export { createJobQueue, describeJob, type JobInfo, type JobQueue, type JobState, type Task } from "./jobs.ts";
export { formatOptions, type OptionValues } from "./macro/format-options.ts";
export { fixString, formatCall } from "./macro/literal.ts";
export { getValue, isChecked, type OptionWord, readWords, trimKey, uniqueKey } from "./macro/options.ts";
export { type Macro, parseMacro, type Statement } from "./macro/parse.ts";
export { type MacroContext, type MacroTarget, runMacro, type SaveKind, saveKinds, type Variables } from "./macro/run.ts";
export {
  type Command,
  checkManifest,
  type Fetch,
  loadManifest,
  type Manifest,
  type ParameterSchema,
  type ParametersSchema,
} from "./manifest.ts";
export { manifestSchema } from "./manifest-schema.ts";
export { createRecorder, type OpenLine, type RecordedCommand, type Recorder } from "./recorder.ts";
export { checkParameters, describeSchema, fillParameters, resolveParameters, toOptionValues } from "./resolve-parameters.ts";
export { createRunCommand, type RunCommand, type RunContext, showResult, type Workplace } from "./run-command.ts";
