/**
 * Vitest: every test of the project, real engines included where they are installed.
 */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Engines are processes: more files at once than cores only makes each of them slower.
    maxWorkers: 2,
  },
});
