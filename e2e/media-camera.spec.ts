import { expect } from '@playwright/test';
import { launchChromium } from '../tools/chromium.ts';
import { openRoom, test } from './media-support.ts';

test('gives its newest frames, records a clip, and says when it is lost', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const { mediaPage, media } = window;
    const cameras = await mediaPage.listCameras();
    const camera = await mediaPage.openCamera({ width: 320, height: 240, microphone: true });
    const recording = await camera.record();
    let frames = 0;
    for await (const { image } of camera.frames()) {
      image.close();
      if (++frames === 20) break;
    }
    // A loop slower than the camera gets frames that are as fresh as a fast one does.
    const ages: number[] = [];
    for await (const { image, takenAt } of camera.frames()) {
      ages.push(performance.now() - takenAt);
      image.close();
      if (ages.length === 6) break;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    const file = await recording.stop();
    const { info } = await media.openClip(file);
    const plain = camera.snapshot();
    const frameLoop = camera.frames();
    const [track] = camera.stream.getVideoTracks();
    track?.dispatchEvent(new Event('ended'));
    const lost = await window.lab.fault(async () => {
      for await (const { image } of frameLoop) image.close();
    });
    const reason = (await camera.lost).name;
    camera.close();
    const missing = await window.lab.fault(() => mediaPage.openCamera({ deviceId: 'no-such-camera' }));
    return {
      cameras: cameras.length,
      permission: await mediaPage.cameraPermission(),
      size: [plain.width, plain.height],
      ages,
      clip: [info.width, info.height, info.sound?.codec],
      duration: info.duration,
      lost,
      reason,
      missing,
    };
  });
  expect(seen.cameras).toBeGreaterThan(0);
  expect(seen.permission).toBe('granted');
  expect(seen.size).toEqual([320, 240]);
  // Were they queued, the last would be more than a second old.
  expect(seen.ages.at(-1)).toBeLessThan(700);
  expect(seen.clip).toEqual([320, 240, 'OPUS']);
  expect(seen.duration).toBeGreaterThan(1);
  expect(seen.lost).toBe('CameraLostError');
  expect(seen.reason).toBe('CameraLostError');
  expect(seen.missing).toBe('CameraMissingError');
});

test('a film of drawn frames takes the microphone along', async ({ page }) => {
  const { seconds, tracks } = await page.evaluate(async () => {
    const { mediaPage, media } = window;
    const camera = await mediaPage.openCamera({ width: 320, height: 240, microphone: true });
    const [microphone] = camera.stream.getAudioTracks();
    const writer = await media.writeVideo({
      width: 320,
      height: 240,
      ...(microphone && { sound: microphone as MediaStreamAudioTrack }),
    });
    const began = performance.now();
    let last = 0;
    for await (const { image } of camera.frames()) {
      const timestamp = (performance.now() - began) / 1000;
      await writer.add(image, { timestamp, duration: 0.05 });
      image.close();
      last = timestamp;
      if (timestamp > 1.5) break;
    }
    const file = await writer.finish();
    camera.close();
    return { seconds: last, tracks: await window.lab.demux(file) };
  });
  expect(tracks.map(({ type }) => type)).toEqual(['video', 'audio']);
  expect(tracks[0]?.end).toBeCloseTo(seconds + 0.05, 2);
  expect(Math.abs((tracks[1]?.end ?? 0) - seconds)).toBeLessThan(0.4);
});

test('a refusal is named', async ({ room }) => {
  const strict = await launchChromium({
    args: ['--use-fake-device-for-media-stream', '--deny-permission-prompts'],
  });
  try {
    const refused = await strict.newPage();
    await openRoom(refused, room.url);
    const fault = await refused.evaluate(() => window.lab.fault(() => window.mediaPage.openCamera()));
    expect(fault).toBe('CameraDeniedError');
  } finally {
    await strict.close();
  }
});
