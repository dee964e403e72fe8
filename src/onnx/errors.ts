import { PirouetteError, wireError } from '../errors.ts';
import { inBrief } from './text.ts';

const some = (names: readonly string[]) =>
  names.length <= 8 ? names.join(', ') : `${names.slice(0, 8).join(', ')} and ${names.length - 8} more`;

/** A file that should hold tensors does not, or not in a way that can be trusted. */
export class TensorFileError extends PirouetteError {
  constructor(file: string, fault: string) {
    super(
      `${file} cannot be read as a safetensors file: ${inBrief(fault)}.`,
      'Download or save the file again.',
    );
  }
}
wireError('TensorFileError', TensorFileError);

export class TensorMissingError extends PirouetteError {
  constructor(
    network: string,
    readonly tensors: readonly string[],
  ) {
    super(
      `The ${network} lacks ${tensors.length} of the tensors its config asks for: ${some(tensors)}.`,
      'Use the config.json that was saved with these weights.',
    );
  }
}
wireError('TensorMissingError', TensorMissingError);

export class TensorUnexpectedError extends PirouetteError {
  constructor(
    network: string,
    readonly tensors: readonly string[],
  ) {
    super(
      `The ${network} has ${tensors.length} tensors that its config has no place for: ${some(tensors)}.`,
      'Use the config.json that was saved with these weights.',
    );
  }
}
wireError('TensorUnexpectedError', TensorUnexpectedError);

export class TensorShapeError extends PirouetteError {
  constructor(tensor: string, found: readonly number[], expected: readonly number[]) {
    super(
      `${tensor} has the shape [${found.join(', ')}], and its config asks for [${expected.join(', ')}].`,
      'Use the config.json that was saved with these weights.',
    );
  }
}
wireError('TensorShapeError', TensorShapeError);

export class TensorRangeError extends PirouetteError {
  constructor(tensor: string, type: 'f16' | 'f32' = 'f16') {
    super(
      `${tensor} has values that are too large for ${type}.`,
      type === 'f16' ? 'Export with --precision f32.' : 'These weights are damaged or were never finished.',
    );
  }
}
wireError('TensorRangeError', TensorRangeError);

/** Weights with a NaN or an infinity among them: every picture would be one too. */
export class TensorNotFiniteError extends PirouetteError {
  constructor(tensor: string, count: number) {
    super(
      `${tensor} has ${count} values that are no finite numbers.`,
      'These weights are damaged, or their training failed: use an earlier checkpoint, or download them again.',
    );
  }
}
wireError('TensorNotFiniteError', TensorNotFiniteError);

/** A config that describes a network Pirouette cannot build. */
export class UnknownArchitectureError extends PirouetteError {
  constructor(network: string, fault: string) {
    super(
      `The ${network}'s config describes a network that Pirouette cannot build: ${inBrief(fault)}.`,
      'Use a network of the Stable Diffusion 1.5 family, or a newer version of Pirouette.',
    );
  }
}
wireError('UnknownArchitectureError', UnknownArchitectureError);

/** A graph file that is not an ONNX model, or not one that Pirouette writes. */
export class GraphError extends PirouetteError {
  constructor(file: string, fault: string) {
    super(`${file} cannot be read as an ONNX graph: ${inBrief(fault)}.`, 'Export the pack again.');
  }
}
wireError('GraphError', GraphError);

export class TensorTypeError extends PirouetteError {
  constructor(tensor: string, dtype: string) {
    super(
      `${tensor} is stored as ${dtype}, which is no type for weights.`,
      'Save the weights in f16, bf16 or f32.',
    );
  }
}
wireError('TensorTypeError', TensorTypeError);
