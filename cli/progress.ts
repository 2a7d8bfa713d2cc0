/**
 * Progress: a line that is written over on a terminal, and a line now and then in a log; nothing for what is over soon.
 */

/** Nothing is told of what is over sooner. */
const quietMs = 2_000;
/** Lines of a log come no faster. */
const lineEveryMs = 5_000;

export interface Progress {
  /** @param done  of `total`, in any unit; what it is stands in `detail` */
  tell(done: number, total: number, detail: string): void;
  end(): void;
}

/** On standard error; silent beside JSON unless somebody watches. The time left goes by what was done since the first line. */
export function createProgress(name: string, isJson: boolean): Progress {
  const isWatched = process.stderr.isTTY === true;
  const began = performance.now();
  let [told, base] = [Number.NEGATIVE_INFINITY, Number.NaN];
  return {
    tell: (done, total, detail) => {
      const now = performance.now();
      if (Number.isNaN(base)) base = done; // what was kept of an earlier run took no time
      if ((isJson && !isWatched) || now - began < quietMs || now - told < (isWatched ? 100 : lineEveryMs)) return;
      told = now;
      const gone = (now - began) / 1_000;
      const left = done > base ? `${((gone * (total - done)) / (done - base)).toFixed(0)} s left` : 'time left not known yet';
      const line = `${name}  ${((100 * done) / total).toFixed(0)} %  ${detail}  ${gone.toFixed(0)} s gone, ${left}`;
      process.stderr.write(isWatched ? `\r\u001b[2K${line}` : `${line}\n`);
    },
    end: () => {
      if (isWatched && told > 0) process.stderr.write('\r\u001b[2K');
    },
  };
}
