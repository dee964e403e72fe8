/**
 * People found in a real browser, offline, and the clean track measured against the true joints.
 * `--clip FILE` looks at another clip, against `--truth FILE` where there is one; `--film FILE.mp4` says where
 * the clip painted with its poses goes (bench-results/pose.mp4 by default, stills beside it as .png). `--seconds N` stops
 * after so much of the clip.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from '@playwright/test';
import { JOINT, jointX, jointY } from '../src/pose/body.ts';
import { LiveTrack } from '../src/pose/live-track.ts';
import type { Sighting } from '../src/pose/people.ts';
import { cleanTrack } from '../src/pose/track.ts';
import type { Pose } from '../src/pose/types.ts';
import { withPage } from '../tools/pages.ts';
import type { Watched } from './pages/pose.ts';
import type { Bench } from './run.ts';

type Points = readonly (readonly [number, number])[];

const FIXTURES = resolve(import.meta.dirname, '../fixtures/motion');
/** Faces and necks are marked by other conventions than the truth's; these are what a body moves with. */
const MEASURED = Array.from(
  { length: JOINT.leftAnkle - JOINT.rightShoulder + 1 },
  (_, i) => JOINT.rightShoulder + i,
);

interface TruthFile {
  readonly frames: readonly { readonly keypoints: Points }[];
}

function readTruth(path: string): Points[] {
  const truth: TruthFile = JSON.parse(readFileSync(path, 'utf8'));
  return truth.frames.map(({ keypoints }) => keypoints);
}

const toSightings = ({ width, height, frames }: Watched): Sighting[] =>
  frames.map(({ time, people }) => ({
    time,
    people: people.map((joints) => ({ width, height, joints: Float32Array.from(joints) })),
  }));

interface Quality {
  /** Mean distance of joints to the truth, over body height. */
  readonly error: number;
  /** How many frames the poses lag behind the truth, by the share of each joint's own movement that is missing. */
  readonly delay: number;
  /** Mean second difference over the truth's. */
  readonly jitter: number;
}

function compare(poses: readonly (Pose | undefined)[], truth: readonly Points[]): Quality {
  let [error, count, behind, speeds, bends, trueBends] = [0, 0, 0, 0, 0, 0];
  const place = (frame: number, joint: number) => {
    const pose = poses[frame];
    return pose && ([jointX(pose, joint), jointY(pose, joint)] as const);
  };
  for (let frame = 0; frame < Math.min(poses.length, truth.length); frame++) {
    const all = truth[frame] ?? [];
    const ys = all.map(([, y]) => y);
    const height = Math.max(...ys) - Math.min(...ys);
    for (const joint of MEASURED) {
      const [at, is] = [place(frame, joint), all[joint]];
      if (!at || !is) continue;
      error += Math.hypot(at[0] - is[0], at[1] - is[1]) / height;
      count++;
      const [before, after] = [truth[frame - 1]?.[joint], truth[frame + 1]?.[joint]];
      const [atBefore, atAfter] = [place(frame - 1, joint), place(frame + 1, joint)];
      if (!before || !after || !atBefore || !atAfter) continue;
      const speed = [(after[0] - before[0]) / 2, (after[1] - before[1]) / 2] as const;
      behind -= (at[0] - is[0]) * speed[0] + (at[1] - is[1]) * speed[1];
      speeds += speed[0] ** 2 + speed[1] ** 2;
      bends += Math.hypot(atBefore[0] - 2 * at[0] + atAfter[0], atBefore[1] - 2 * at[1] + atAfter[1]);
      trueBends += Math.hypot(before[0] - 2 * is[0] + after[0], before[1] - 2 * is[1] + after[1]);
    }
  }
  return { error: error / count, delay: behind / speeds, jitter: bends / trueBends };
}

const round = (value: number) => Number(value.toPrecision(3));

/** Serves a file from anywhere under an address of the page's own origin. */
async function lend(page: Page, path: string): Promise<string> {
  const address = `/lent/clip${extname(path)}`;
  await page.route(`**${address}`, (route) => route.fulfill({ path }));
  return address;
}

const STILLS = 30;

/** Writes the clip with its poses as a film, and some of its frames side by side. */
async function paint(page: Page, url: string, poses: readonly Pose[], path: string): Promise<void> {
  const joints = poses.map((pose) => [...pose.joints]);
  const pictures = await page.evaluate(
    ([url, joints, stills]) => window.poseBench.paint(url, joints, stills),
    [url, joints, STILLS] as const,
  );
  mkdirSync(dirname(path), { recursive: true });
  const write = (file: string, data: string) =>
    writeFileSync(file, Buffer.from(data.slice(data.indexOf(',') + 1), 'base64'));
  write(path, pictures.film);
  write(`${path}.png`, pictures.sheet);
}

export const run: Bench = (args) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      clip: { type: 'string' },
      truth: { type: 'string' },
      film: { type: 'string', default: 'bench-results/pose.mp4' },
      seconds: { type: 'string', default: '3600' },
    },
  });
  const clip = resolve(values.clip ?? `${FIXTURES}/dance.mp4`);
  const truthPath = values.clip === undefined ? `${FIXTURES}/dance.keypoints.json` : values.truth;
  return withPage('/bench/pages/pose.html', {}, async (page, origin) => {
    const strangers: string[] = [];
    page.context().on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(origin))
        strangers.push(request.url());
    });
    const url = await lend(page, clip);
    const watch = (kind: 'files' | 'live') =>
      page.evaluate(([url, kind, seconds]) => window.poseBench.watch(url, kind, seconds), [
        url,
        kind,
        Number(values.seconds),
      ] as const);
    const [full, lite] = [await watch('files'), await watch('live')];
    const { track, report } = cleanTrack(toSightings(full));
    const follower = new LiveTrack();
    const live = toSightings(lite).map((sighting) => follower.push(sighting));
    await paint(page, url, track.poses, resolve(values.film));
    const figures: Record<string, number | string | boolean | null> = {
      frames: track.poses.length,
      detected: round(report.found),
      people: report.people,
      flipsMended: report.flipsMended,
      gaps: track.gaps.length,
      fpsFull: round(full.fps),
      fpsLite: round(lite.fps),
      requestsElsewhere: strangers.length,
      film: values.film,
    };
    let pass = report.found > 0 && strangers.length === 0;
    if (truthPath !== undefined) {
      const truth = readTruth(truthPath);
      const [clean, raw, direct] = [
        compare(track.poses, truth),
        compare(
          toSightings(full).map(({ people }) => people[0]),
          truth,
        ),
        compare(live, truth),
      ];
      Object.assign(figures, {
        meanError: round(clean.error),
        delayFrames: round(clean.delay),
        jitter: round(clean.jitter),
        rawError: round(raw.error),
        rawJitter: round(raw.jitter),
        liveError: round(direct.error),
        liveDelayFrames: round(direct.delay),
        liveJitter: round(direct.jitter),
      });
      pass &&=
        report.found === 1 && clean.error <= 0.025 && Math.abs(clean.delay) <= 1 && clean.jitter <= 1.5;
      pass &&= direct.delay <= 1;
    }
    if (values.clip === undefined) {
      const photos = [1, 2, 3, 4, 5].map((i) => `/fixtures/motion/person-${i}.png`);
      const seen: number[] = [];
      for (const photo of photos)
        seen.push(await page.evaluate((url) => window.poseBench.look(url), photo).then((p) => p.length));
      figures.personsDetected = seen.filter((count) => count > 0).length;
      pass &&= figures.personsDetected === photos.length;
    }
    return { name: 'pose', device: `${await page.evaluate(() => navigator.userAgent)}, CPU`, figures, pass };
  });
};
