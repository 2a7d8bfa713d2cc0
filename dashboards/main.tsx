/**
 * Entry of the page: mounts the app into `#root`.
 *
 * Owns nothing else; what is shown is decided in `app.tsx`, what is fetched in `api.ts`.
 */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import './style.css';

const root = document.getElementById('root');
if (root === null) throw new RangeError('index.html must hold an element with id "root"');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
