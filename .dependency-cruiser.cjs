/** The floors of the house, checked on the import graph. A rule's comment says what to do instead. */
const floors = ['units', 'energy-oracle', 'scheduler', '(simulator|dashboards)', 'cli'];
const adapter =
  '/(mqtt|postgres|file|influx|http|process|slurm|kubernetes|tfjs|ethers)-[^/]+[.]ts$|^cli/|^dashboards/|/api[.]ts$|^units/clock[.]ts$';
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    rule('no-cycles', 'Two modules that need each other are one module, or three.', {}, { circular: true }),
    ...floors
      .slice(0, -1)
      .map((floor, i) =>
        rule(
          `no-stairs-up-from-${floor}`,
          'Pass a port in, or move the type down.',
          { path: `^${floor}/` },
          { path: `^(${floors.slice(i + 1).join('|')})/` },
        ),
      ),
    rule(
      'siblings-apart',
      'Simulator and dashboards do not know each other.',
      { path: '^(simulator|dashboards)/' },
      { path: '^(simulator|dashboards)/', pathNot: '^$1/' },
    ),
    rule(
      'scheduler-sees-only-the-outlook',
      'The scheduler sees no meter, sun or market.',
      { path: '^scheduler/' },
      { path: '^energy-oracle/', pathNot: '^energy-oracle/(outlook|site)[.]ts$' },
    ),
    rule(
      'dashboards-see-only-the-wire',
      'Put it in a wire type.',
      { path: '^dashboards/' },
      { path: '^(energy-oracle|scheduler)/', pathNot: '/wire[.]ts$' },
    ),
    rule(
      'nouns-below-shells',
      'A part does not import the shell that composes it.',
      { path: '^(energy-oracle|scheduler|simulator)/[^/]+/' },
      { path: '^$1/(oracle|engine|cycle|world|run|api)[.]ts$' },
    ),
    rule(
      'purity',
      'I/O belongs to an adapter; computation-only packages are on the list.',
      { path: '^(units|energy-oracle|scheduler|simulator)/', pathNot: adapter },
      {
        dependencyTypes: ['core', 'npm'],
        pathNot: 'node_modules/(zod|@noble/hashes|csv-parse|fast-xml-parser|date-fns|@date-fns/tz|sparkplug-payload)/|^(node:)?crypto$',
      },
    ),
    rule('no-test-imports', 'Production code does not know its tests.', { pathNot: '^test/' }, { path: '^test/' }),
    rule('resolvable', 'An import that leads nowhere.', {}, { couldNotResolve: true, pathNot: '[.](css|svg)$|^topojson-specification$' }),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dashboards/dist/' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'],
      conditionNames: ['import', 'node', 'default'],
      exportsFields: ['exports'],
    },
  },
};
