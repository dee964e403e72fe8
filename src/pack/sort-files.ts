import { UnsupportedWeightsError, WeightsNotFoundError } from './errors.ts';
import type { Folder } from './folder.ts';
import { networkEntries } from './networks.ts';
import { recognize, refuseAccessories, type WeightsKind } from './recognize.ts';
import { openTensorFile, type TensorFile, WEIGHT_ENDINGS } from './tensor-file.ts';

/** Weights in their places, as the exporter takes them. */
export interface SortedFiles {
  readonly folder: Folder;
  /** The file that holds the model, where it does not lie in a folder of its own. */
  readonly file?: string;
}

const MODELS: readonly WeightsKind[] = ['networks', 'stable-diffusion', 'unet'];

/**
 * Files that somebody chose by hand have any name and lie anywhere: a lone model, its pose encoder and its motion modules
 * are told by what is in them. A folder in diffusers' layout, or with AnimateAnyone's names, stays as it is.
 */
export async function sortFiles(folder: Folder): Promise<SortedFiles> {
  if (folder.paths?.includes('pack.json')) {
    throw new UnsupportedWeightsError(
      folder.name,
      'a model pack already',
      'Choose it as a pack: in the settings, under Model, from a folder.',
    );
  }
  const loose = (folder.paths ?? []).filter(
    (path) => !path.includes('/') && WEIGHT_ENDINGS.some((ending) => path.endsWith(ending)),
  );
  const stems = networkEntries().flatMap(([, { places }]) => places);
  const isNamed = (path: string) => stems.some((stem) => WEIGHT_ENDINGS.some((end) => path === stem + end));
  const unknown: TensorFile[] = [];
  for (const path of loose.filter((each) => !isNamed(each))) {
    const source = await folder.open(path);
    if (source) unknown.push(await openTensorFile(source, path));
  }
  const kindOf = ({ tensors }: TensorFile) => recognize(tensors);
  const models = unknown.filter((file) => MODELS.includes(kindOf(file) ?? 'embedding'));
  const [model, second] = models;
  if (model && second) {
    throw new UnsupportedWeightsError(
      folder.name,
      `two models, ${model.path} and ${second.path}`,
      'Choose one of them, with the files that belong to it.',
    );
  }
  const encoder = unknown.find((file) => ['pose-encoder', 'controlnet'].includes(kindOf(file) ?? ''));
  if (model === undefined && !(folder.paths ?? []).some((path) => hasModel(path))) {
    for (const file of unknown) refuseAccessories(file);
    throw new WeightsNotFoundError(folder.name, 'model', ['a U-Net', 'a Stable Diffusion checkpoint']);
  }
  const motion = unknown.find((file) => kindOf(file) === 'motion-module');
  let sorted = folder;
  for (const [file, stem] of [
    [encoder, 'pose_encoder'],
    [motion, 'motion_module'],
  ] as const) {
    if (file) sorted = renamed(sorted, file.path, `${stem}${endingOf(file.path)}`);
  }
  return { folder: sorted, ...(model && { file: model.path }) };
}

const hasModel = (path: string) => /(^|\/)(unet|denoising_unet)[./]/.test(path);
const endingOf = (path: string) => path.slice(path.lastIndexOf('.'));

const renamed = (folder: Folder, from: string, to: string): Folder => ({
  ...folder,
  open: (path) => folder.open(path === to ? from : path),
});
