#!/usr/bin/env node
/** The `sunward` command: runs the sources as they are. */
import { register } from 'tsx/esm/api';

register();
await import('./main.ts');
