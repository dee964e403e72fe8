import { learnPack, useChoices } from './choices.ts';
import { loadOptions, noteLoaded } from './device.ts';
import { isBusy, useJob } from './job.ts';
import { media } from './media.ts';
import { studio, warmPoseModel } from './studio.ts';

/** The page is quick to show; what the first dance needs comes while the person looks around. */
const PATIENCE_MS = 1500;

/**
 * Fetches and readies models and code in the background, so that the first dance starts at once and the next visit
 * can be offline. Whoever saves data is spared it: then everything comes when it is needed.
 */
export function warmUp(): void {
  const connection = (navigator as { connection?: { saveData?: boolean } }).connection;
  if (connection?.saveData) return;
  const warm = async () => {
    if ('serviceWorker' in navigator && import.meta.env.PROD) await serviceWorkerOrPatience();
    await media();
    await warmPoseModel();
    if (isBusy(useJob.getState())) return;
    const { pack, settings } = useChoices.getState();
    learnPack(await studio.pack(pack.name, pack.source, await loadOptions(settings)));
    if (studio.door.info) noteLoaded(studio.door.info);
  };
  // A fault here is met again, and shown, when the thing is really needed.
  setTimeout(() => void warm().catch(() => undefined), PATIENCE_MS);
}

/** What is fetched before the service worker is in control is not kept by it. */
async function serviceWorkerOrPatience(): Promise<void> {
  const { serviceWorker } = navigator;
  if (serviceWorker.controller) return;
  await new Promise<void>((resolve) => {
    serviceWorker.addEventListener('controllerchange', () => resolve(), { once: true });
    setTimeout(resolve, 10_000);
  });
}
