import { PirouetteError, wireError } from '../errors.ts';

/** A schedule that cannot be followed, or a number of steps that it does not have. */
export class SchedulerError extends PirouetteError {}
wireError('SchedulerError', SchedulerError);
