import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

/*
 * What reads one file at a time. Which folder may import which is in .dependency-cruiser.cjs, formatting in prettier,
 * unused exports in knip: each rule lives in one place.
 */

const code = ["**/*.{ts,tsx}"];

/** Syntax that is refused everywhere, each with the reason a person needs to see when it is refused. */
const refusedSyntax = [
  {
    selector: "ExportDefaultDeclaration",
    message: "Export by name: a default export gets a different name in every file that imports it.",
  },
  {
    selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
    message: "Text from people and devices reaches the page; React's escaping is what keeps it text.",
  },
  {
    selector: "CallExpression[callee.object.name='vi'][callee.property.name=/^(mock|doMock|hoisted)$/]",
    message: "Pass the collaborator in, or produce the failure with a real proxy or process; a mocked module proves nothing about it.",
  },
  {
    selector: "CallExpression[callee.property.name='only'][callee.object.name=/^(it|test|describe)$/]",
    message: "A focused test silences all the others.",
  },
];

/** Commands never pass through a shell: a name with a quote in it must stay a name. */
const refusedImports = {
  paths: [
    {
      name: "node:child_process",
      importNames: ["exec", "execSync"],
      message: "Use spawn or execFile with an argument array: there is no shell to escape for.",
    },
  ],
};

export default tseslint.config(
  { ignores: ["**/node_modules/", "**/dist/", "coverage/", ".sensorloop/", "**/*.gen.ts"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: code,
    extends: [js.configs.recommended, tseslint.configs.recommended],
    languageOptions: { parserOptions: { project: "./tsconfig.json", tsconfigRootDir: import.meta.dirname } },
    rules: {
      // A forgotten await loses an error, and in a workflow it changes the order of commands without a word.
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/return-await": ["error", "error-handling-correctness-only"],
      // Types are erased by Node, not by a compiler that knows which imports are types.
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "separate-type-imports" }],
      // A new state, stage or error code must be met by everything that tells them apart.
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true, allowDefaultCaseForExhaustiveSwitch: true },
      ],
      "@typescript-eslint/only-throw-error": "error",
      "@typescript-eslint/prefer-promise-reject-errors": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_", caughtErrors: "none" }],
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-restricted-syntax": ["error", ...refusedSyntax],
      "no-restricted-imports": ["error", refusedImports],
      // The compiler knows.
      "no-undef": "off",
    },
  },
  {
    // Tools that demand a default export, and descriptions of packages that have one.
    files: ["*.config.ts", "**/vite.config.ts", "**/vitest.config.ts", "**/*.d.ts"],
    rules: { "no-restricted-syntax": ["error", ...refusedSyntax.slice(1)] },
  },
  {
    files: ["lib/**/*.ts", "activities/**/*.ts", "web/api/**/*.ts"],
    ignores: ["lib/**/*.test.ts"],
    rules: {
      // Standard output belongs to the CLI's JSON and to a child's messages; what a process says goes through its log.
      "no-console": "error",
    },
  },
  {
    files: ["lib/domain/**/*.ts", "web/ui/**/*.{ts,tsx}"],
    ignores: ["web/ui/vite.config.ts"],
    rules: {
      // This code also runs where there is no Node: in the workflow sandbox and in the browser.
      "no-restricted-globals": ["error", "process", "Buffer", "require", "__dirname", "__filename", "global", "setImmediate"],
    },
  },
  {
    files: ["workflows/**/*.ts"],
    ignores: ["workflows/bundle.ts"],
    rules: {
      "no-console": ["error"],
      "no-restricted-syntax": [
        "error",
        ...refusedSyntax,
        {
          selector: "Program > VariableDeclaration[kind='let'], Program > ExportNamedDeclaration > VariableDeclaration[kind='let']",
          message: "One V8 context serves many executions: state kept in a module leaks from one run into another.",
        },
        {
          selector: "MemberExpression[property.name='isReplaying']",
          message: "A workflow that asks whether it is replaying issues other commands the second time.",
        },
        {
          selector: "NewExpression[callee.name='Error']",
          message: "A plain Error fails the task and is retried for ever; throw ApplicationFailure to fail the execution.",
        },
      ],
      "no-restricted-globals": [
        "error",
        { name: "Temporal", message: "The sandbox does not patch this clock; Date and sleep from the workflow package are deterministic." },
        { name: "process", message: "A workflow must do the same on every worker, so it may not look at the one it is on." },
      ],
    },
  },
  {
    files: ["web/ui/**/*.{ts,tsx}"],
    plugins: { "react-hooks": reactHooks },
    rules: { "react-hooks/rules-of-hooks": "error", "react-hooks/exhaustive-deps": "error" },
  },
  {
    files: ["**/*.{js,mjs,cjs}"],
    extends: [js.configs.recommended],
    languageOptions: {
      globals: Object.fromEntries(
        ["process", "console", "module", "require", "URL", "fetch", "Buffer", "setTimeout", "clearTimeout"].map((name) => [
          name,
          "readonly",
        ]),
      ),
    },
    rules: { "no-restricted-imports": ["error", refusedImports] },
  },
);
