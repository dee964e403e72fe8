/** A shader that the device's compiler refuses: a fault of ours, so it says all that is needed to find it. */
class ShaderError extends Error {
  override readonly name = 'ShaderError';
}

/** Compute pipelines of one device, cached by their source. */
export class Pipelines {
  private readonly compiled = new Map<string, Promise<GPUComputePipeline>>();

  constructor(private readonly device: GPUDevice) {}

  /** Compiles without blocking; two callers of one source share the work, and a failure is not remembered. */
  get(label: string, code: string): Promise<GPUComputePipeline> {
    let pipeline = this.compiled.get(code);
    if (pipeline === undefined) {
      pipeline = this.compile(label, code);
      this.compiled.set(code, pipeline);
      pipeline.catch(() => this.compiled.delete(code));
    }
    return pipeline;
  }

  private async compile(label: string, code: string): Promise<GPUComputePipeline> {
    // The scope keeps the compiler's complaint, which createComputePipelineAsync reports too, from being raised twice.
    this.device.pushErrorScope('validation');
    const module = this.device.createShaderModule({ label, code });
    // Rejects with the device, which is told of elsewhere.
    this.device.popErrorScope().catch(() => undefined);
    try {
      return await this.device.createComputePipelineAsync({ label, layout: 'auto', compute: { module } });
    } catch (error) {
      const { messages } = await module.getCompilationInfo();
      const lines = code.split('\n');
      const complaints = messages.map(
        ({ lineNum, linePos, message }) => `${lineNum}:${linePos} ${message}\n  ${lines[lineNum - 1] ?? ''}`,
      );
      const numbered = lines.map((line, index) => `${String(index + 1).padStart(4)} ${line}`);
      throw new ShaderError(
        [`The shader ${label} does not compile.`, ...complaints, String(error), ...numbered].join('\n'),
        { cause: error },
      );
    }
  }
}
