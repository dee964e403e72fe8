/**
 * The root of every error that Pirouette raises on purpose.
 *
 * `message` says what happened, in words for the person at the screen; `remedy` says what they can do.
 * Each room defines its own subclasses (`src/pack/errors.ts`, ...) and registers them with `wireError`, so that an
 * error thrown in a worker arrives on the page as the same class with the same remedy.
 */
export class PirouetteError extends Error {
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.remedy = remedy;
  }
}

/** What crosses a worker's edge in place of an error object. */
export interface ErrorOnTheWire {
  readonly name: string;
  readonly message: string;
  readonly remedy?: string;
  readonly stack?: string;
}

type ErrorClass = { readonly prototype: PirouetteError; readonly name: string };

const classes = new Map<string, ErrorClass>();

/** Registers an error class under the name it crosses a worker's edge with (class names do not survive minification). */
export function wireError(name: string, errorClass: ErrorClass): void {
  classes.set(name, errorClass);
}

export function toWire(error: unknown): ErrorOnTheWire {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const registered = [...classes].find(([, errorClass]) => error.constructor === errorClass);
  return {
    name: registered?.[0] ?? error.name,
    message: error.message,
    ...(error instanceof PirouetteError && { remedy: error.remedy }),
    ...(error.stack !== undefined && { stack: error.stack }),
  };
}

export function fromWire(wire: ErrorOnTheWire): Error {
  const errorClass = classes.get(wire.name);
  if (errorClass === undefined || wire.remedy === undefined) {
    const plain = new Error(wire.message);
    plain.name = wire.name;
    if (wire.stack !== undefined) plain.stack = wire.stack;
    return plain;
  }
  // Subclass constructors take their own arguments; the wire already carries the finished text.
  const error: PirouetteError = Object.create(errorClass.prototype);
  return Object.defineProperties(error, {
    name: { value: wire.name },
    message: { value: wire.message },
    remedy: { value: wire.remedy },
    stack: { value: wire.stack },
  });
}

/** The person asked for the work to stop; what was finished stays. */
export class CancelledError extends PirouetteError {
  constructor() {
    super('The work was cancelled.', 'Start it again when you like; what was finished is kept.');
  }
}
wireError('CancelledError', CancelledError);
