/** What a result knows about itself: kept as one XMP packet in every format, so that one reader serves them all. */
export interface About {
  /** Everything that is needed to make the result again; any JSON. */
  readonly settings: unknown;
  readonly seed: number;
}

/** IPTC's mark for media made by a trained model. */
export const AI_GENERATED = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia';

const BEGIN = '<x:xmpmeta';
const END = '</x:xmpmeta>';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}

function unescapeXml(text: string): string {
  return Object.entries(ENTITIES).reduceRight(
    (rest, [character, entity]) => rest.replaceAll(entity, character),
    text,
  );
}

export function xmpPacket(about: About | undefined): string {
  const made = about
    ? `<pirouette:Seed>${about.seed}</pirouette:Seed>
<pirouette:Settings>${escapeXml(JSON.stringify(about.settings))}</pirouette:Settings>
`
    : '';
  return `<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>
${BEGIN} xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:pirouette="urn:pirouette:result/">
<xmp:CreatorTool>Pirouette</xmp:CreatorTool>
<Iptc4xmpExt:DigitalSourceType>${AI_GENERATED}</Iptc4xmpExt:DigitalSourceType>
${made}</rdf:Description></rdf:RDF>${END}
<?xpacket end="r"?>`;
}

export function xmpBytes(about: About | undefined): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(xmpPacket(about));
}

export function parseXmp(text: string): About | null {
  const seed = /<pirouette:Seed>(-?[\d.e+]+)<\/pirouette:Seed>/.exec(text)?.[1];
  const settings = /<pirouette:Settings>([^<]*)<\/pirouette:Settings>/.exec(text)?.[1];
  if (seed === undefined || settings === undefined) return null;
  try {
    return { seed: Number(seed), settings: JSON.parse(unescapeXml(settings)) };
  } catch {
    return null;
  }
}

/** Our writers put the packet close to the file's begin or end, whichever the format asks for. */
const SCANNED = 4e6;

/** What a result was made with; null for files that are not Pirouette's. XMP is made to be found by scanning. */
export async function readAbout(file: Blob): Promise<About | null> {
  const parts = file.size <= 2 * SCANNED ? [file] : [file.slice(0, SCANNED), file.slice(-SCANNED)];
  for (const part of parts) {
    const text = await part.text();
    const begin = text.indexOf(BEGIN);
    const end = text.indexOf(END, begin);
    if (begin < 0 || end < 0) continue;
    const about = parseXmp(text.slice(begin, end));
    if (about) return about;
  }
  return null;
}
