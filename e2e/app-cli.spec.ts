import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import { CLIP, PHOTO } from './app-support.ts';

let folder: string;
const QUICK = ['--reference', PHOTO, '--steps', '1', '--size', '128', '--seed', '5', '--backend', 'wasm'];

test.beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pirouette-cli-'));
});

test.afterAll(() => {
  rmSync(folder, { recursive: true });
});

function animate(...args: string[]) {
  const { status, stdout, stderr } = spawnSync('node', ['--import', 'tsx', 'cli/animate.ts', ...args], {
    encoding: 'utf8',
    timeout: 150_000,
  });
  return { status, stdout, stderr };
}

test('animates a photo: every frame, the sound, progress, and JSON', async () => {
  test.setTimeout(180_000);
  const out = join(folder, 'dance.mp4');
  const frames = join(folder, 'frames');
  const run = animate(
    ...QUICK,
    '--motion',
    CLIP,
    '--fps',
    '12.5',
    '--out',
    out,
    '--frames',
    frames,
    '--json',
  );
  expect(run.status, run.stderr).toBe(0);
  expect(JSON.parse(run.stdout)).toMatchObject({
    frames: 8,
    frameRate: 12.5,
    width: 128,
    height: 128,
    backend: 'wasm',
  });
  expect(run.stderr).toContain('Painting frames: 8 of 8');
  expect(readdirSync(frames).filter((name) => name.endsWith('.png'))).toHaveLength(8);

  const input = new Input({
    source: new BufferSource(new Uint8Array(readFileSync(out))),
    formats: ALL_FORMATS,
  });
  const video = await input.getPrimaryVideoTrack();
  const sound = await input.getPrimaryAudioTrack();
  if (!video || !sound) throw new Error('The film lacks its picture or its sound.');
  let packets = 0;
  for await (const _ of new EncodedPacketSink(video).packets()) packets++;
  expect(packets).toBe(8);
  expect(await video.computeDuration()).toBeCloseTo(0.64, 2);
  expect(await sound.computeDuration()).toBeCloseTo(0.64, 1);
});

test('the same seed paints the same frames, from a pose file as well as from a clip', () => {
  test.setTimeout(240_000);
  const poses = join(folder, 'poses.json');
  writeFileSync(poses, JSON.stringify(openPoseFrames(truth()).slice(0, 2)));
  const bytes = [1, 2].map((turn) => {
    const frames = join(folder, `again-${turn}`);
    const run = animate(...QUICK, '--poses', poses, '--frames', frames);
    expect(run.status, run.stderr).toBe(0);
    return readdirSync(frames)
      .sort()
      .map((name) => readFileSync(join(frames, name)).toString('base64'));
  });
  expect(bytes[0]?.length).toBe(2);
  expect(bytes[1]).toEqual(bytes[0]);
});

test('Ctrl-C keeps the frames that are done', async () => {
  test.setTimeout(150_000);
  const poses = join(folder, 'long.json');
  writeFileSync(poses, JSON.stringify(openPoseFrames(truth())));
  const frames = join(folder, 'stopped');
  const args = [
    '--import',
    'tsx',
    'cli/animate.ts',
    ...QUICK,
    '--poses',
    poses,
    '--frames',
    frames,
    '--json',
  ];
  const run = spawn('node', args);
  let said = '';
  let answer = '';
  run.stdout.on('data', (words) => {
    answer += words;
  });
  run.stderr.on('data', (words) => {
    if (!said.includes('10 of 150') && `${said}${words}`.includes('10 of 150')) run.kill('SIGINT');
    said += words;
  });
  const status = await new Promise((resolve) => run.on('close', resolve));
  expect(status, said).toBe(130);
  const done = readdirSync(frames).length;
  expect(done).toBeGreaterThanOrEqual(10);
  expect(done).toBeLessThan(150);
  expect(said).toContain(`Stopped after ${done} of 150 frames.`);
  expect(JSON.parse(answer).problem.remedy).toContain('Run it again');
});

const truth = (): unknown => JSON.parse(readFileSync('fixtures/motion/dance.keypoints.json', 'utf8'));

/** The fixture's joints in OpenPose's own layout. */
function openPoseFrames(people: unknown): unknown[] {
  const { width, height, frames } = people as {
    width: number;
    height: number;
    frames: { keypoints: [number, number][]; visible: boolean[] }[];
  };
  return frames.map(({ keypoints, visible }) => ({
    version: 1.3,
    canvas_width: width,
    canvas_height: height,
    people: [{ pose_keypoints_2d: keypoints.flatMap(([x, y], joint) => [x, y, Number(visible[joint])]) }],
  }));
}

test('says what is wrong, with the exit code of it', () => {
  const missing = animate('--reference', PHOTO);
  expect(missing.status).toBe(2);
  expect(missing.stderr).toContain('--motion (a clip) or --poses');
  const gone = animate(
    '--reference',
    join(folder, 'nobody.png'),
    '--motion',
    CLIP,
    '--out',
    join(folder, 'x.mp4'),
  );
  expect(gone.status).toBe(1);
  expect(gone.stderr).toContain('nobody.png is not there');
  const notes = join(folder, 'notes.png');
  writeFileSync(notes, 'Only words in here.');
  const words = animate('--reference', notes, '--motion', CLIP, '--out', join(folder, 'x.mp4'));
  expect(words.status).toBe(1);
  expect(words.stderr).toMatch(/text file, not a picture.*\n.*Choose a PNG/);
});
