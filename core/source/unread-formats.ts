// Formats that are not read, known by their first bytes, so that a person is told what the file is and how to go on.

const save = "Save it as PNG or TIFF";
const choose = "Choose the image that belongs to it";
const convert = "Convert it to OME-TIFF or OME-Zarr, for example with Fiji or bioformats2raw";

interface Format {
  /** What stands at `at`, as Latin-1. */
  readonly begins: string;
  readonly at?: number;
  readonly reason: string;
  readonly advice: string;
}

/** The reason of a zip that is no image: it may be a dataset or a model. */
export const zipWithoutImage = "a zip archive without an OME-Zarr";

const formats: readonly Format[] = [
  { begins: "GIF8", reason: "a GIF image", advice: save },
  { begins: "BM", reason: "a BMP image", advice: save },
  { begins: "WEBP", at: 8, reason: "a WebP image", advice: save },
  { begins: "\0\0\0\x0cjP  ", reason: "a JPEG 2000 image", advice: save },
  { begins: "\xff\x4f\xff\x51", reason: "a JPEG 2000 image", advice: save },
  { begins: "PK\x03\x04", reason: zipWithoutImage, advice: "Unpack it, and open the images in it" },
  { begins: "%PDF", reason: "a PDF document", advice: choose },
  { begins: "Iout", reason: "an outline of ImageJ (ROI)", advice: choose },
  {
    begins: "\x89HDF",
    reason: "an HDF5 file (ilastik, Imaris and others)",
    advice: "Export its image as TIFF from the program that wrote it",
  },
  { begins: "ZISRAWFILE", reason: "a Zeiss CZI file", advice: convert },
  { begins: "\x70\0\0\0", reason: "a Leica LIF file", advice: convert },
  { begins: "\xda\xce\xbe\x0a", reason: "a Nikon ND2 file", advice: convert },
  { begins: "\xd0\xcf\x11\xe0", reason: "a file of a microscope or of an old office program (OLE)", advice: convert },
  { begins: "DICM", at: 128, reason: "a DICOM file", advice: convert },
  { begins: "\x93NUMPY", reason: "an array of numpy", advice: "Save it as TIFF, for example with tifffile.imwrite" },
  {
    begins: "version https://git-lfs",
    reason: "a placeholder of Git LFS, not the file itself",
    advice: "Fetch the file with git lfs pull",
  },
];

/** Names the format of a file by its first bytes: "a PNG image". */
export function describeKind(head: Uint8Array): string {
  const text = String.fromCharCode(...head);
  if (head.length === 0) return "empty";
  if (text.startsWith("\x89PNG")) return "a PNG image";
  if (text.startsWith("\xff\xd8\xff")) return "a JPEG image";
  if (/^(II[*+]\0|MM\0[*+])/.test(text)) return "a TIFF image";
  if (text.startsWith("PK\x03\x04")) return "a zip archive whose name does not end in .zip";
  return nameFormat(head)[0];
}

/** Names the format of a file that is not read by its first bytes (132 show all), and what to do with it. */
export function nameFormat(head: Uint8Array): readonly [reason: string, advice: string] {
  const text = String.fromCharCode(...head);
  const found = formats.find(({ begins, at = 0 }) => text.startsWith(begins, at));
  if (found) return [found.reason, found.advice];
  if (/^\s*[{[]\s*(["{[\]}\d-]|$)/.test(text))
    return ["a JSON text, as outlines are (GeoJSON)", `${choose}; of an OME-Zarr, the folder around it`];
  return /^\s*</.test(text) ? ["a page of text (HTML or XML)", choose] : ["of an unknown format", save];
}
