import * as media from '../../src/media/index.ts';
import * as mediaPage from '../../src/media/page/index.ts';

Object.assign(window, { media, mediaPage });
