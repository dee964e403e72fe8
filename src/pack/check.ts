import { PirouetteError } from '../errors.ts';
import {
  type Dimension,
  decodeModel,
  ElementType,
  elementSize,
  type Graph,
  isExternal,
} from '../onnx/model.ts';
import { RETOUCHER_INPUTS } from '../onnx/retoucher.ts';
import { type TensorIndex, tensorIndexOf } from '../onnx/safetensors.ts';
import { type Folder, readAll } from './folder.ts';
import type { PackManifest, PartFiles, SegmentFiles } from './manifest.ts';
import { manifestFaults, parseManifest, parsePackJson } from './validate.ts';

/** Everything that is wrong with a pack, in sentences. A sound one has no faults. One file is in memory at a time. */
export async function checkPack(
  folder: Folder,
  sha256: (bytes: Uint8Array<ArrayBuffer>) => string | Promise<string>,
): Promise<string[]> {
  const source = await folder.open('pack.json');
  if (source === undefined) return [`${folder.name} has no pack.json.`];
  const bytes = await readAll(source);
  try {
    const faults = manifestFaults(parsePackJson(bytes));
    if (faults.length > 0) return faults.map((fault) => `pack.json: ${fault}.`);
    return await new PackCheck(folder, parseManifest(bytes), sha256).run();
  } catch (error) {
    return [sentence(error)];
  }
}

function sentence(error: unknown): string {
  if (error instanceof PirouetteError) return error.message;
  throw error;
}

class PackCheck {
  private readonly faults: string[] = [];

  constructor(
    private readonly folder: Folder,
    private readonly manifest: PackManifest,
    private readonly sha256: (bytes: Uint8Array<ArrayBuffer>) => string | Promise<string>,
  ) {}

  async run(): Promise<string[]> {
    const { manifest } = this;
    const { referenceNet = [], imageEncoder = [] } = manifest;
    const context = manifest.configs.unet.cross_attention_dim == null ? [] : ['context'];
    const made = this.wiring(manifest.unet, await this.parts(manifest.unet), {
      given: ['sample', 'pose', 'time', ...context],
      results: ['q', 'k', 'v'],
    });
    this.expect(made?.has('prediction') ?? true, 'The last segment of the U-Net makes no prediction.');
    const attentions = manifest.unet.map(({ attention }) => attention);
    const keeping = referenceNet.map((files, i) => ({ ...files, attention: attentions[i] }));
    this.wiring(keeping, await this.parts(referenceNet), {
      given: ['sample', 'time', ...context],
      results: ['kept.k', 'kept.v'],
    });
    const seen = this.wiring(imageEncoder, await this.parts(imageEncoder), {
      given: ['pixels'],
      results: [],
    });
    if (imageEncoder.length > 0)
      this.expect(seen?.has('tokens') ?? true, 'The last part of the image encoder makes no tokens.');
    const places = manifest.configs.poseEncoder.position_waves?.length ? ['position'] : [];
    await this.ends(manifest.poseEncoder, ['skeleton', ...places], 'features');
    if (manifest.encoder) await this.ends(manifest.encoder, ['image'], 'latents');
    if (manifest.decoder) await this.ends(manifest.decoder, ['latents'], 'image');
    if (manifest.retoucher) await this.ends(manifest.retoucher, Object.keys(RETOUCHER_INPUTS), 'image');
    return this.faults;
  }

  private async parts(list: readonly PartFiles[]): Promise<(Graph | undefined)[]> {
    const graphs: (Graph | undefined)[] = [];
    for (const files of list) graphs.push(await this.part(files));
    return graphs;
  }

  private expect(holds: boolean, fault: string): void {
    if (!holds) this.faults.push(fault);
  }

  private async file(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const source = await this.folder.open(path);
    const stated = this.manifest.files[path];
    if (source === undefined || stated === undefined) {
      this.faults.push(`${path} is missing.`);
      return undefined;
    }
    if (source.size !== stated.bytes) {
      this.faults.push(`${path} has ${source.size} bytes where pack.json states ${stated.bytes}.`);
      return undefined;
    }
    const bytes = await readAll(source);
    this.expect(
      (await this.sha256(bytes)) === stated.sha256,
      `${path} is altered: its SHA-256 is not pack.json's.`,
    );
    return bytes;
  }

  private async part(files: PartFiles): Promise<Graph | undefined> {
    const graphBytes = await this.file(files.graph);
    const weights = await this.file(files.weights);
    try {
      const graph = graphBytes && decodeModel(graphBytes, files.graph);
      const index = weights && tensorIndexOf(weights, files.weights);
      if (graph) this.nodes(graph, files.graph);
      if (graph && index) this.initializers(graph, index, files);
      return graph;
    } catch (error) {
      this.faults.push(sentence(error));
      return undefined;
    }
  }

  /** That every input of every node is there before it. */
  private nodes(graph: Graph, file: string): void {
    const known = new Set(['', ...[...graph.inputs, ...graph.initializers].map(({ name }) => name)]);
    for (const node of graph.nodes) {
      for (const input of node.inputs) {
        this.expect(known.has(input), `${file}: ${node.name} takes ${input}, which nothing makes before it.`);
      }
      for (const output of node.outputs) {
        this.expect(!known.has(output), `${file}: ${output} is made twice.`);
        known.add(output);
      }
    }
    for (const { name } of graph.outputs)
      this.expect(known.has(name), `${file}: nothing makes its output ${name}.`);
  }

  private initializers(graph: Graph, index: TensorIndex, { graph: file, weights }: PartFiles): void {
    const dtype = this.manifest.precision === 'f16' ? 'F16' : 'F32';
    const floatType = dtype === 'F16' ? ElementType.float16 : ElementType.float;
    const unused = new Set(index.keys());
    for (const { name, type, dims, data } of graph.initializers) {
      const count = dims.reduce((product, dim) => product * dim, 1);
      const bytes = count * elementSize(type);
      if (!isExternal(data)) {
        this.expect(data.length === bytes, `${file}: ${name} has ${data.length} bytes in place of ${bytes}.`);
        continue;
      }
      unused.delete(name);
      const tensor = index.get(name);
      if (tensor === undefined) {
        this.faults.push(`${weights} lacks ${name}, which ${file} needs.`);
        continue;
      }
      this.expect(data.location === weights.split('/').at(-1), `${file}: ${name} lies in ${data.location}.`);
      const mayBeInt8 = this.manifest.weights === 'int8';
      this.expect(
        (tensor.dtype === dtype && type === floatType) ||
          (mayBeInt8 && tensor.dtype === 'I8' && type === ElementType.int8),
        `${name} is ${tensor.dtype} in ${weights} and the pack is ${dtype}${mayBeInt8 ? ' and I8' : ''}.`,
      );
      this.expect(
        tensor.offset === data.offset && tensor.bytes === data.length && bytes === data.length,
        `${file} looks for ${name} at bytes ${data.offset} to ${data.offset + data.length} of ${weights}, and it lies at ${tensor.offset} to ${tensor.offset + tensor.bytes}.`,
      );
    }
    for (const name of unused) this.faults.push(`${weights} has ${name}, which ${file} does not use.`);
  }

  /**
   * That each segment's inputs come from the runtime or from a segment before it, in the shape that it expects, and
   * that one before an attention makes what is wanted of it. Gives what all of them make; undefined where one is missing.
   */
  private wiring(
    files: readonly SegmentFiles[],
    segments: readonly (Graph | undefined)[],
    { given: inputs, results }: { given: readonly string[]; results: readonly string[] },
  ): ReadonlyMap<string, readonly Dimension[]> | undefined {
    if (segments.some((segment) => segment === undefined)) return undefined;
    const made = new Map<string, readonly Dimension[]>();
    const given = new Set(inputs);
    segments.forEach((segment, i) => {
      const { graph: file, attention } = files[i] as SegmentFiles;
      const { inputs, outputs } = segment as Graph;
      for (const { name, shape } of inputs) {
        const before = made.get(name);
        if (before === undefined)
          this.expect(given.has(name), `${file} takes ${name}, which no segment before it makes.`);
        else
          this.expect(
            same(shape, before),
            `${file} takes ${name} as [${shape}], and it is made as [${before}].`,
          );
      }
      for (const { name, shape } of outputs) {
        this.expect(!made.has(name), `${file} makes ${name}, which a segment before it makes too.`);
        made.set(name, shape);
      }
      for (const part of attention ? results : []) {
        const width = made.get(`${part}.${i}`)?.at(-1);
        const expected = (attention?.heads ?? 0) * (attention?.headSize ?? 0);
        this.expect(
          width === expected,
          `${file} ends in ${part}.${i} of width ${width} in place of ${expected}.`,
        );
      }
      if (attention) given.add(`attention.${i}`);
    });
    return made;
  }

  /** Of a graph that runs by itself: what it takes, in whichever order, and makes. */
  private async ends(files: PartFiles, wanted: readonly string[], output: string): Promise<void> {
    const graph = await this.part(files);
    if (graph === undefined) return;
    const [inputs, outputs] = [graph.inputs, graph.outputs].map((ends) => ends.map(({ name }) => name));
    this.expect(
      [...(inputs ?? [])].sort().join() === [...wanted].sort().join() && outputs?.join() === output,
      `${files.graph} goes from ${inputs?.join(', ')} to ${outputs?.join(', ')} in place of ${wanted.join(', ')} to ${output}.`,
    );
  }
}

const same = (a: readonly Dimension[], b: readonly Dimension[]) =>
  a.length === b.length && a.every((d, i) => d === b[i]);
