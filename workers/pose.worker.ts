import * as Comlink from 'comlink';
import '../src/client/wire.ts';
import { fetchFromOwnOriginOnly } from '../src/pose/own-origin.ts';
import { quietMediaPipe } from '../src/pose/quiet.ts';
import { PoseService } from '../src/pose/service.ts';

fetchFromOwnOriginOnly(self);
quietMediaPipe(console);
Comlink.expose(new PoseService());
