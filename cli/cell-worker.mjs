/** A worker thread that runs cells: the sources as they are. */
import { register } from 'tsx/esm/api';

register();
const { default: runTask } = await import('./cell-worker.ts');
export default runTask;
