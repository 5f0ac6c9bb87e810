// Code of others that is compiled into WASM files, where no module list can name it. Keyed by the npm package that brings the file.
// Licences are SPDX identifiers; their texts come from spdx-license-list.

const emscripten = {
  name: "Emscripten, with musl",
  license: "MIT",
  copyright: "Copyright (c) 2010-2014 Emscripten authors; musl: Copyright (c) 2005-2020 Rich Felker, et al.",
  homepage: "https://github.com/emscripten-core/emscripten",
};

/** The parts inside each package's WASM. */
export const compiledParts = {
  "@tensorflow/tfjs-backend-wasm": [
    {
      name: "XNNPACK",
      license: "BSD-3-Clause",
      copyright: "Copyright (c) Facebook, Inc. and its affiliates; Copyright 2019 Google LLC",
      homepage: "https://github.com/google/XNNPACK",
    },
    {
      name: "cpuinfo",
      license: "BSD-2-Clause",
      copyright: "Copyright (c) 2017 Facebook Inc.; 2012-2017 Georgia Institute of Technology; 2010-2012 Marat Dukhan",
      homepage: "https://github.com/pytorch/cpuinfo",
    },
    {
      name: "pthreadpool",
      license: "BSD-2-Clause",
      copyright: "Copyright (c) 2017 Facebook Inc.; 2015-2017 Georgia Institute of Technology",
      homepage: "https://github.com/Maratyszcza/pthreadpool",
    },
    emscripten,
  ],
  "@cornerstonejs/codec-libjpeg-turbo-8bit": [
    {
      name: "libjpeg-turbo",
      license: "IJG AND BSD-3-Clause AND Zlib",
      copyright:
        "This software is based in part on the work of the Independent JPEG Group. Copyright (C) 1991-2020 Thomas G. Lane, Guido Vollbeding; " +
        "2009-2024 D. R. Commander; 2009 Pierre Ossman for Cendio AB; 2009-2011 Nokia Corporation",
      homepage: "https://libjpeg-turbo.org",
    },
    emscripten,
  ],
  zstddec: [emscripten],
};
