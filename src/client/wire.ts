/**
 * Errors cross a worker's edge as what they are: same class, same remedy. Both sides import this module, once, before
 * they talk; it brings every room's errors with it, since only a class that is known here can be made again.
 */
import { transferHandlers } from 'comlink';
import { type ErrorOnTheWire, fromWire, toWire } from '../errors.ts';
import '../engine/errors.ts';
import '../media/errors.ts';
import '../onnx/errors.ts';
import '../pack/errors.ts';
import '../pose/errors.ts';
import '../scd/errors.ts';

interface Thrown {
  readonly value: unknown;
}

// Only comlink's own handler can tell what was thrown from what was returned.
const comlinks = transferHandlers.get('throw');
if (comlinks === undefined) throw new Error('This version of comlink transfers errors in another way.');

transferHandlers.set('throw', {
  canHandle: (value): value is Thrown => comlinks.canHandle(value),
  serialize: ({ value }: Thrown) => [toWire(value), []],
  deserialize: (wire: ErrorOnTheWire) => {
    throw fromWire(wire);
  },
});
