import type { TensorFile } from './tensor-file.ts';

/** What programs put before every name of a model that they wrapped, torch.compile and training loops among them. */
const WRAPPERS = ['module.', '_orig_mod.', 'model.'];

/** Nobody wraps a model more than a few times. */
const LONGEST_WRAPPER = 64;

/** Counters and constants that PyTorch's modules save along: no weights, and no network here asks for them. */
const COUNTERS = /(^|\.)(position_ids|num_batches_tracked)$/;

/** What a U-Net's file may hold beside the U-Net. */
const BESIDE: readonly { readonly what: string; readonly has: RegExp }[] = [
  {
    what: 'the motion modules, which are taken from a file of their own (motion_module) and from nowhere else',
    has: /\.motion_modules\./,
  },
  { what: 'the averaged copy of the weights', has: /^(ema|ema_model|ema_unet|unet_ema)\./ },
];

/** A file under the names that its networks' own modules have, without what no network here asks for. */
export function plainFile(file: TensorFile): TensorFile {
  const weights = [...file.tensors.keys()].filter((name) => !COUNTERS.test(name));
  const wrapper = wrapperOf(weights);
  const stored = new Map(weights.map((name) => [name.slice(wrapper.length), name]));
  const isWhole = stored.has('conv_in.weight');
  const notes: string[] = [];
  for (const { what, has } of isWhole ? BESIDE : []) {
    const left = [...stored.keys()].filter((name) => has.test(name));
    for (const name of left) stored.delete(name);
    if (left.length > 0) notes.push(`Left out of ${file.path}: ${what} (tensors: ${left.length}).`);
  }
  return {
    path: file.path,
    tensors: new Map(
      [...stored].flatMap(([name, before]) => {
        const info = file.tensors.get(before);
        return info ? [[name, info]] : [];
      }),
    ),
    notes,
    read: (name) => file.read(stored.get(name) ?? name),
  };
}

function wrapperOf(names: readonly string[]): string {
  let wrapper = '';
  while (wrapper.length < LONGEST_WRAPPER) {
    const inside = names.map((name) => name.slice(wrapper.length));
    // Stable Diffusion's own code calls its U-Net so.
    if (inside.some((name) => name.startsWith('model.diffusion_model.'))) return wrapper;
    const more = WRAPPERS.find((each) => inside.length > 0 && inside.every((name) => name.startsWith(each)));
    if (more === undefined) return wrapper;
    wrapper += more;
  }
  return wrapper;
}
