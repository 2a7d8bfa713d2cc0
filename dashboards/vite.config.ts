/**
 * How the page is built: one bundle with relative addresses, so that it can be served from any path.
 *
 * `npm run page` writes `dashboards/dist`. In development (`npx vite dashboards`) calls to `/v1` go to a running river.
 */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  base: './',
  plugins: [react()],
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2022', reportCompressedSize: true, chunkSizeWarningLimit: 600 },
  server: { proxy: { '/v1': process.env['SUNWARD_URL'] ?? 'http://127.0.0.1:8080' } },
});
