import { defineConfig } from 'tsup';

// One configuration for every package; each package's build script names its own entries.
// JavaScript only: declarations come from `tsc -b`, which is faster and follows the project references.
export default defineConfig({
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  sourcemap: true,
  clean: true,
  dts: false,
  splitting: true,
});
