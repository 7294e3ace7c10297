/** Exit codes of the command line (BSD sysexits where one fits). */
export const EXIT_CODES = {
  done: 0,
  usage: 2,
  badInput: 65,
  noInput: 66,
  unavailable: 69,
  internal: 70,
  cannotCreate: 73,
  stopped: 75,
  interrupted: 130,
} as const;
export type ExitKind = keyof typeof EXIT_CODES;

/** Stable codes: scripts may rely on them. Each has a row in docs/errors.md. */
export const ERROR_CODES = {
  USAGE: 'usage',
  PRESET_UNKNOWN: 'usage',
  PRESET_INVALID: 'usage',
  OUTPUT_IS_INPUT: 'usage',
  INPUT_MISSING: 'noInput',
  INPUT_UNREADABLE: 'noInput',
  INPUT_NOT_A_FILE: 'noInput',
  INPUT_EMPTY: 'badInput',
  INPUT_NOT_MEDIA: 'badInput',
  INPUT_NO_VIDEO: 'badInput',
  INPUT_UNDECODABLE: 'badInput',
  INPUT_CHANGED: 'badInput',
  INPUT_UNSUPPORTED: 'badInput',
  FFMPEG_MISSING: 'unavailable',
  FFMPEG_TOO_OLD: 'unavailable',
  PYTHON_MISSING: 'unavailable',
  ENCODER_UNAVAILABLE: 'unavailable',
  DEVICE_UNAVAILABLE: 'unavailable',
  MODEL_UNKNOWN: 'unavailable',
  MODEL_INVALID: 'unavailable',
  MODEL_NOT_INSTALLED: 'unavailable',
  DOWNLOAD_FAILED: 'unavailable',
  OUTPUT_EXISTS: 'cannotCreate',
  OUTPUT_UNWRITABLE: 'cannotCreate',
  DISK_FULL: 'cannotCreate',
  DECODE_FAILED: 'internal',
  ENCODE_FAILED: 'internal',
  WORKER_FAILED: 'internal',
  OUT_OF_MEMORY: 'internal',
  VERIFY_FAILED: 'internal',
  INTERNAL: 'internal',
  BUSY: 'stopped',
  STOPPED: 'stopped',
  INTERRUPTED: 'interrupted',
} as const satisfies Record<string, ExitKind>;
export type ErrorCode = keyof typeof ERROR_CODES;

const AGAIN = 'Run the same command again: finished segments are kept';

/** What can be done where the place that fails knows nothing better. */
const USUAL_HINTS: Partial<Record<ErrorCode, string>> = {
  INPUT_CHANGED: 'Leave the file alone while it is restored, and run the command again.',
  MODEL_INVALID: 'Choose another with --model; docs/models.md says what fits.',
  DECODE_FAILED: `${AGAIN}.`,
  ENCODE_FAILED: `${AGAIN}; if it stays, try another --codec.`,
  WORKER_FAILED: `${AGAIN}; if it stays, use --device cpu or fewer --workers.`,
  OUT_OF_MEMORY: 'Use a smaller --tile-size, fewer --workers, or another device.',
  VERIFY_FAILED: `${AGAIN}; if it stays, please report it.`,
  INTERNAL: 'Run it again with --log-level debug and report what it prints.',
};

export interface RestorationErrorOptions {
  /** What the user can do next; one sentence. Left out for what is usual with the code. */
  readonly hint?: string;
  /** Whether another attempt at the same work can succeed. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** The only error class of the project. `message` says what is wrong and where in one sentence. */
export class RestorationError extends Error {
  override readonly name = 'RestorationError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: RestorationErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? USUAL_HINTS[code];
    this.retryable = options.retryable ?? false;
  }

  get exitCode(): number {
    return EXIT_CODES[ERROR_CODES[this.code]];
  }
}

/** Wraps what is not ours as INTERNAL; passes RestorationErrors through. */
export function toRestorationError(error: unknown): RestorationError {
  if (error instanceof RestorationError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new RestorationError('INTERNAL', `Something unexpected went wrong: ${message}`, { cause: error });
}
