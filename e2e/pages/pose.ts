/** Gives the tests a pose client of the page's own, and pictures to show it. */
import { FOR_FILES, FOR_LIVE, FOR_LIVE_COMPANY, fetchPoseBundle, PoseClient } from '../../src/client/pose.ts';
import { PirouetteError } from '../../src/errors.ts';
import { drawSkeleton, OPENPOSE_STYLE } from '../../src/pose/skeleton.ts';
import type { Pose } from '../../src/pose/types.ts';

const ASSETS = new URL('/pose/', location.href).href;

const clients = {
  files: new PoseClient(FOR_FILES, ASSETS),
  live: new PoseClient(FOR_LIVE, ASSETS),
  company: new PoseClient(FOR_LIVE_COMPANY, ASSETS),
  lost: new PoseClient(FOR_LIVE, new URL('/nowhere/', location.href).href),
};
type Kind = keyof typeof clients;

const plain = (people: readonly Pose[]) =>
  people.map(({ width, height, joints }) => ({ width, height, joints: [...joints] }));

async function pictureOf(url: string): Promise<ImageBitmap> {
  return createImageBitmap(await (await fetch(url)).blob());
}

/** Photos side by side, as one picture. */
async function beside(...urls: string[]): Promise<ImageBitmap> {
  const photos = await Promise.all(urls.map(pictureOf));
  const canvas = new OffscreenCanvas(512 * photos.length, 512);
  photos.forEach((photo, i) => canvas.getContext('2d')?.drawImage(photo, 512 * i, 0));
  return canvas.transferToImageBitmap();
}

const room = {
  async find(kind: Kind, ...urls: string[]) {
    return plain(await clients[kind].find(await beside(...urls)));
  },
  async findInPart(url: string, left: number, top: number, width: number, height: number) {
    return plain(
      await clients.files.find(await createImageBitmap(await pictureOf(url), left, top, width, height)),
    );
  },
  async findInEmptyRoom() {
    return plain(
      await clients.files.find(
        new OffscreenCanvas(320, 240).getContext('2d')?.getImageData(0, 0, 320, 240) as ImageData,
      ),
    );
  },
  /** How surely each joint, and each corner of the picture, belongs to each person: 0 to 255. */
  async outline(...urls: string[]) {
    const picture = await beside(...urls);
    const people = await clients.files.outline(picture);
    return people.map(({ pose, outline: { width, height, alpha } }) => {
      const at = (x: number, y: number) =>
        alpha[Math.floor((y / picture.height) * height) * width + Math.floor((x / picture.width) * width)];
      const joints = Array.from({ length: 14 }, (_, joint) =>
        at(pose.joints[joint * 3] ?? 0, pose.joints[joint * 3 + 1] ?? 0),
      );
      const [right, bottom] = [picture.width - 1, picture.height - 1];
      return { joints, corners: [at(0, 0), at(right, 0), at(0, bottom), at(right, bottom)] };
    });
  },
  /** A photo's outline, beside that of the same photo in a width that the network takes as it is; null: nobody. */
  async outlineAtWidth(url: string, width: number) {
    const photo = await pictureOf(url);
    const canvas = new OffscreenCanvas(width, photo.height);
    const context = canvas.getContext('2d');
    // Wider than the photo: its last columns again, as they would be in a photo of that width.
    context?.drawImage(photo, width - photo.width, 0);
    context?.drawImage(photo, 0, 0);
    const cut = canvas.transferToImageBitmap();
    const [found] = await clients.files.outline(cut);
    if (found === undefined) return null;
    const { pose, outline } = found;
    const [truth] = await clients.files.outline(photo);
    let apart = 0;
    for (let y = 0; y < outline.height; y++) {
      for (let x = 0; x < Math.min(width, photo.width); x++) {
        const here = outline.alpha[y * outline.width + x] ?? 0;
        apart += Math.abs(here - (truth?.outline.alpha[y * photo.width + x] ?? 0));
      }
    }
    return {
      size: [pose.width, pose.height, outline.width, outline.height, outline.alpha.length / outline.width],
      joints: [...pose.joints],
      apart: apart / outline.alpha.length / 255,
    };
  },
  async keepsPicture(url: string) {
    const picture = await pictureOf(url);
    await clients.files.find(picture);
    return picture.width;
  },
  /** One photo as a clip that stands still, with times that repeat and jump back. */
  async follow(url: string, times: readonly number[]) {
    const found: number[] = [];
    for (const time of times) {
      const frame = new VideoFrame(await pictureOf(url), { timestamp: 0 });
      found.push((await clients.live.follow(frame, time)).length);
    }
    return found;
  },
  /** How many people are found in one picture after the other, so many milliseconds apart. */
  async followCompany(scenes: readonly (readonly string[])[], apartMs: number) {
    const found: number[] = [];
    for (const [i, urls] of scenes.entries()) {
      found.push((await clients.company.follow(await beside(...urls), i * apartMs)).length);
    }
    clients.company.dispose();
    return found;
  },
  forget: () => clients.live.forget(),
  warm: (kind: Kind) => clients[kind].warm('image'),
  dispose: (kind: Kind) => clients[kind].dispose(),
  async findAndDispose(url: string) {
    const pending = clients.files.find(await pictureOf(url));
    clients.files.dispose();
    return pending;
  },
  async ownBundle(bundleUrl: string, url: string) {
    const client = new PoseClient({ ...FOR_FILES, bundle: await fetchPoseBundle(bundleUrl) }, ASSETS);
    try {
      return plain(await client.find(await pictureOf(url)));
    } finally {
      client.dispose();
    }
  },
  skeletonHash: async (pose: Pose) => {
    const bytes = drawSkeleton({ ...pose, joints: Float32Array.from(pose.joints) }, OPENPOSE_STYLE);
    const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
    return [...new Uint8Array(digest)].map((value) => value.toString(16).padStart(2, '0')).join('');
  },
};

/** An error's words and class, since only plain data leaves the page. */
async function told<T>(
  question: Promise<T>,
): Promise<T | { error: string; message: string; remedy: string }> {
  try {
    return await question;
  } catch (error) {
    if (!(error instanceof PirouetteError)) throw error;
    return { error: error.name, message: error.message, remedy: error.remedy };
  }
}

declare global {
  interface Window {
    poseRoom: typeof room;
    told: typeof told;
  }
}
window.poseRoom = room;
window.told = told;
