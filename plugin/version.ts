// The version, as package.json says; a test keeps them the same.

export const version = "0.1.0";
