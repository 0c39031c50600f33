/**
 * The arrows between the folders, one rule each, with its reason. `node bin/run.mjs depcruise` checks them;
 * test/quality/arrows.test.ts proves for every rule that a file which breaks it is caught.
 *
 * @type {import("dependency-cruiser").IConfiguration}
 */

/** Everything of ours, so that a rule can say "all but these". */
const OURS = "^(workflows|activities|web|lib|cli|stack|examples|bench|docker|test|bin)/";
const PACKAGES = "(^|/)node_modules/";

module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      comment:
        "Two files that need each other are one file, or hide a third; and the order in which they load decides what works. Types may refer to each other: they are erased.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "resolvable",
      comment: "An import that resolves on one machine only is found by the next user.",
      severity: "error",
      from: { path: OURS },
      to: { couldNotResolve: true },
    },
    {
      name: "declared-packages",
      comment: "A package that is there only because another brought it vanishes with that one's next release.",
      severity: "error",
      from: { path: OURS },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "no-development-packages-in-production",
      comment: "Images are installed without development packages.",
      severity: "error",
      from: { path: "^(workflows|activities|web/api|lib|cli)/", pathNot: "^workflows/bundle\\.ts$" },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"], pathNot: "(^|/)node_modules/@types/" },
    },
    {
      name: "domain-imports-nobody",
      comment:
        "The same windows, features, metrics and gate run in Node, in the workflow sandbox and in the browser, so lib/domain may know none of them.",
      severity: "error",
      from: { path: "^lib/domain/" },
      to: { path: OURS, pathNot: "^lib/domain/" },
    },
    {
      name: "domain-uses-pure-packages-only",
      comment:
        "A package with a file, a socket, a clock or chance in it breaks the sandbox's replay and the browser. zod, yaml, fft.js and pure-rand have none.",
      severity: "error",
      from: { path: "^lib/domain/" },
      to: { path: PACKAGES, pathNot: "(^|/)node_modules/(zod|yaml|fft\\.js|pure-rand)/" },
    },
    {
      name: "domain-has-no-node",
      comment: "There is no Node in the browser, nor in the workflow sandbox.",
      severity: "error",
      from: { path: "^lib/domain/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "workflows-import-domain-and-activity-types",
      comment:
        "A workflow is replayed: whatever touches the world belongs into an activity, of which a workflow sees the type and nothing else.",
      severity: "error",
      from: { path: "^workflows/", pathNot: "^workflows/bundle\\.ts$" },
      to: { path: OURS, pathNot: ["^workflows/(?!bundle)", "^lib/domain/", "^activities/"] },
    },
    {
      name: "workflows-import-activities-as-types-only",
      comment: "An activity imported for real drags Node into the workflow bundle, and fails only when a worker starts.",
      severity: "error",
      from: { path: "^workflows/", pathNot: "^workflows/bundle\\.ts$" },
      to: { path: "^activities/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "workflows-use-the-workflow-package-only",
      comment:
        "Only @temporalio/workflow and @temporalio/common are deterministic under replay. (bundle.ts makes the bundle and is not in it.)",
      severity: "error",
      from: { path: "^workflows/", pathNot: "^workflows/bundle\\.ts$" },
      to: { path: PACKAGES, pathNot: "(^|/)node_modules/@temporalio/(workflow|common)/" },
    },
    {
      name: "workflows-have-no-node",
      comment: "The sandbox refuses Node's modules; a replay on another machine would not find the same files.",
      severity: "error",
      from: { path: "^workflows/", pathNot: "^workflows/bundle\\.ts$" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "lib-imports-lib",
      comment:
        "lib is what processes are made of; it may not know which of them it is in. The types of workflows are needed to start them, and are erased.",
      severity: "error",
      from: { path: "^lib/" },
      to: { path: OURS, pathNot: ["^lib/"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "activities-import-lib",
      comment: "Activities are what a worker can do, whoever asks: they know neither pages nor commands nor the machine's stack.",
      severity: "error",
      from: { path: "^activities/" },
      to: { path: OURS, pathNot: ["^activities/", "^lib/", "^workflows/bundle\\.ts$"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "api-imports-lib",
      comment: "The API is one of the ways in; what it does is in lib, where the command line finds it too.",
      severity: "error",
      from: { path: "^web/api/" },
      to: { path: OURS, pathNot: ["^web/api/", "^lib/"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "ui-imports-domain",
      comment: "What the browser loads must run in a browser: domain code does, nothing else of ours is promised to.",
      severity: "error",
      from: { path: "^web/ui/" },
      to: { path: OURS, pathNot: ["^web/ui/", "^lib/domain/"] },
    },
    {
      name: "ui-has-no-node",
      comment: "There is no Node in the browser. (vite.config.ts is read by the build, in Node.)",
      severity: "error",
      from: { path: "^web/ui/", pathNot: "^web/ui/vite\\.config\\.ts$" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "ui-features-stand-alone",
      comment: "A feature that another feature imports cannot be changed or removed by itself; what two share goes into web/ui/parts.",
      severity: "error",
      from: { path: "^web/ui/features/([^/]+)/" },
      to: { path: "^web/ui/features/([^/]+)/", pathNot: "^web/ui/features/$1/" },
    },
    {
      name: "cli-imports-lib-and-stack",
      comment:
        "The command line is one of the ways in, and the one that brings up the stack; it talks to the others through their addresses.",
      severity: "error",
      from: { path: "^cli/" },
      to: { path: OURS, pathNot: ["^cli/", "^lib/", "^stack/"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "stack-imports-lib",
      comment: "The stack starts the processes by their files; importing one would put two into a process.",
      severity: "error",
      from: { path: "^stack/" },
      to: { path: OURS, pathNot: ["^stack/", "^lib/"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "stack-is-for-the-cli-and-tests",
      comment:
        "On a cluster there is no stack of ours. Code that reaches for it works on one machine only. (Benches start services as tests do.)",
      severity: "error",
      from: { path: OURS, pathNot: "^(stack|cli|test|bench|bin)/" },
      to: { path: "^stack/" },
    },
    {
      name: "nobody-imports-web-or-cli",
      comment:
        "They are processes, the leaves of the tree. What somebody else needs of them belongs into lib. (Tests and benches meet them as they are.)",
      severity: "error",
      from: { path: OURS, pathNot: "^(web|cli|test|bench|bin)/" },
      to: { path: "^(web|cli)/" },
    },
    {
      name: "nobody-imports-tests-or-benches",
      comment: "Production code that needs a test's or a bench's code has it in the wrong place.",
      severity: "error",
      from: { path: OURS, pathNot: "^(test|bench)/" },
      to: { path: "^(test|bench)/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|coverage|\\.sensorloop)/" },
    tsPreCompilationDeps: true,
    detectProcessBuiltinModuleCalls: true,
    combinedDependencies: false,
    tsConfig: { fileName: "tsconfig.json" },
    moduleSystems: ["es6", "cjs"],
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
      extensions: [".ts", ".tsx", ".mjs", ".js", ".json"],
    },
    cache: false,
  },
};
