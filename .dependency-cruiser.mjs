/** Which folder may know which. ARCHITECTURE.md describes the folders; these rules keep the description true. */
/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'core-imports-core-only',
      comment:
        'core is types and arithmetic: pure, so that it can be tested without files or programs and used everywhere.',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { pathNot: '^src/core/' },
    },
    {
      name: 'stage-folders-stay-apart',
      comment:
        'decode, restore, temporal and encode meet in pipeline only: each can be replaced, tested and read without the others.',
      severity: 'error',
      from: { path: '^src/(decode|restore|temporal|encode)/' },
      to: { path: '^src/(decode|restore|temporal|encode|pipeline|batch|cli)/|^src/index\\.ts$', pathNot: '^src/$1/' },
    },
    {
      name: 'stage-folders-have-one-face',
      comment:
        'What a stage folder offers is in its index.ts; everything else in it may change without asking anybody.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(decode|restore|temporal|encode)/' },
      to: { path: '^src/(decode|restore|temporal|encode)/', pathNot: '^src/[a-z]+/index\\.ts$' },
    },
    {
      name: 'platform-knows-core-only',
      comment: 'platform is the thin layer that fault tests replace; knowledge of films does not belong there.',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: '^src/', pathNot: '^src/(platform|core)/' },
    },
    {
      name: 'only-platform-touches-the-system',
      comment:
        'Files, processes, threads and sockets fail in ways that tests must be able to provoke: one folder is the only door to them.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/platform/' },
      to: {
        dependencyTypes: ['core'],
        path: '^(node:)?(fs|child_process|worker_threads|cluster|net|http|https|http2|tls|dgram|dns)(/|$)',
      },
    },
    {
      name: 'only-decode-and-encode-run-ffmpeg',
      comment:
        "FFmpeg's arguments are knowledge of decode and encode; pipeline and batch only ask whether a process is alive.",
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(decode|encode|pipeline|batch|platform)/' },
      to: { path: '^src/platform/process\\.ts$' },
    },
    {
      name: 'only-backends-know-the-inference-runtime',
      comment: 'Another runtime is another folder under src/restore/backends and nothing else.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/restore/backends/' },
      to: { path: '(^|/)node_modules/(onnxruntime|@tensorflow/)' },
    },
    {
      name: 'cli-uses-the-public-api-only',
      comment: 'What the command line can do, a program can do: the CLI has no private door.',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^src/', pathNot: '^src/cli/|^src/index\\.ts$' },
    },
    {
      name: 'nobody-imports-the-cli',
      comment: 'The CLI is an entry point; what others need from it belongs behind src/index.ts.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'no-cycles',
      comment: 'A cycle means that two files are one idea, or that one of them knows too much.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-missing-packages',
      comment: 'Everything imported at run time is in dependencies, or a user gets a crash instead of a program.',
      severity: 'error',
      from: { path: '^src/' },
      // Optional peers are installed here for the tests; who imports them says what to do where they are absent.
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['npm-peer'] },
    },
    {
      name: 'nothing-unresolvable',
      comment: 'An import that leads nowhere fails at run time only.',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true, pathNot: '^(ffmpeg-static|#inference-worker|#temporal-jobs)$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    // Type-only imports count: a type is knowledge too.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
  },
};
