/**
 * Quiet npm: after an install, npm's own words go to standard error, so that `npm start -- --for 2d --json` prints
 * nothing but its JSON. Writes the setting into this folder's `.npmrc`, once; one that is there already is yours.
 */
import { writeFileSync } from 'node:fs';

try {
  writeFileSync('.npmrc', '; written at install: npm says what it runs on standard error, standard output is the program’s\njson=true\n', {
    flag: 'wx',
  });
} catch (fault) {
  if (fault.code !== 'EEXIST') console.error(`npm will print a banner before JSON: .npmrc was not written (${fault.code})`);
}
