// The models in models/, as `npm run train:starters` wrote them. Made by bench/starter-catalog.ts: do not edit.

import type { StarterInfo } from "./starters.ts";

// biome-ignore format: made by a program
export const starterCatalog: readonly StarterInfo[] = [
  {
    "name": "nuclei-fluorescence",
    "version": 3,
    "description": "Nuclei in fluorescence images, bright on dark: one channel, nuclei of about 8 to 60 pixels across.",
    "created": "2026-12-01T00:00:00.000Z",
    "bytes": 982578,
    "channels": 1,
    "classes": [
      "background",
      "object"
    ],
    "learntFrom": [],
    "provenance": "108 fluorescence images of the Data Science Bowl 2018 (Broad Institute, stage 1, corrected edition; CC0); 24 more held out to choose weights and rule.",
    "license": "CC0-1.0",
    "scores": {
      "f1": 0.8842,
      "ap50": 0.7924,
      "images": 45
    },
    "objects": {
      "threshold": 0.5,
      "split": 0.75,
      "min_size": 10,
      "fill_holes": "yes"
    },
    "starter": true,
    "spec": {
      "channels": 1,
      "classes": 2,
      "levels": 3,
      "features": 16,
      "dropout": 0
    },
    "sha256": "71857637703fd9241a41bcd846a9efd123fa061d8130b8393f741d662cd37082"
  },
  {
    "name": "nuclei-histology",
    "version": 1,
    "description": "Nuclei in stained histology, RGB: haematoxylin, with or without eosin; nuclei of about 10 to 45 pixels across.",
    "created": "2026-12-01T00:00:00.000Z",
    "bytes": 1008758,
    "channels": 3,
    "classes": [
      "background",
      "object"
    ],
    "learntFrom": [],
    "provenance": "8 histology images of the Data Science Bowl 2018 (Broad Institute, stage 1, corrected edition; CC0), and canvases made of them with eosin, stroma and glass; 2 more held out to choose weights and rule.",
    "license": "CC0-1.0",
    "scores": {
      "f1": 0.5636,
      "ap50": 0.3923,
      "images": 8
    },
    "objects": {
      "threshold": 0.3,
      "split": 1,
      "min_size": 19,
      "fill_holes": "yes"
    },
    "starter": true,
    "spec": {
      "channels": 3,
      "classes": 2,
      "levels": 3,
      "features": 16,
      "dropout": 0
    },
    "sha256": "a87ab66fafadeb271877d792a7dafc9d5900c35fdd441351d6437a225712bc98"
  }
];
