import * as media from '../../src/media/index.ts';

/** The same round trip as on the page: what works there has to work here. */
addEventListener('message', async ({ data }: MessageEvent<File>) => {
  const clip = await media.openClip(data);
  const writer = await media.writeVideo({
    width: clip.info.width,
    height: clip.info.height,
    frameRate: clip.info.frameRate,
    sound: { clip },
  });
  for await (const frame of clip.frames()) {
    await writer.add(frame);
    frame.close();
  }
  postMessage(await writer.finish());
});
