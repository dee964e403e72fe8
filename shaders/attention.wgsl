// Flash attention over two sources of keys and values: out = softmax(q [Kr; K]^T / sqrt(HEAD_SIZE)) [Vr; V].
//
// Layout: every tensor is [batch, tokens, heads * HEAD_SIZE], heads side by side in the channels, q not scaled.
// Source 0 is the reference (Kr, Vr) and may have any number of tokens, 0 included; several references lie one after
// another in it. Source 1 is the sample's own K and V. They are read in turn and never copied together. Storage is f16
// or f32; everything in between is f32.
//
// The host writes on top: `Element` (the storage type) and the constants
//   HEAD_SIZE        channels of a head
//   WHOLE            1 where that is a multiple of 4, so that storage is read as vec4s; RAGGED 1 where it is not
//   VECTORS          vec4s of one thread's share of a head: HEAD_SIZE <= VECTORS * 4 * SPLIT, the rest is zeros
//   SPLIT            neighbouring threads that share one query: wide heads do not fit in one thread's registers
//   SHUFFLE          1: they add up their scores by subgroup shuffles; EXCHANGE 1: through workgroup memory
//   QUERIES          queries a thread carries: each key that it reads is used this often
//   THREADS          threads of a workgroup
//   BATCH            keys between two updates of the running maximum
//   TILED            1: keys and values pass through workgroup memory, TILE (a multiple of BATCH) at a time; else every
//                    thread reads them itself, which is faster where workgroup memory is no faster than a cache
//   SOURCES          2
// and it expands `//: for x in N` by repeating the lines up to `//: end` with $x = 0 .. N-1, because a private array
// indexed at run time would spill; `//: if NAME` keeps its lines where the constant is not 0.
// Dispatch: (ceil(queries / (THREADS / SPLIT * QUERIES)), heads, batch) workgroups.

struct Lengths {
  queries: u32,
  heads: u32,
  // By source. The stride from one member of a batch to the next is 0 where all see the same reference.
  keys: vec2u,
  batchStride: vec2u,
  // The member of the batch that the first workgroup in z computes.
  firstMember: u32,
}

//: if WHOLE
alias Stored = vec4<Element>;
const HEAD_STORED = HEAD_SIZE / 4;
//: end
//: if RAGGED
alias Stored = Element;
const HEAD_STORED = HEAD_SIZE;
//: end

@group(0) @binding(0) var<uniform> lengths: Lengths;
@group(0) @binding(1) var<storage, read> query: array<Stored>;
@group(0) @binding(2) var<storage, read> key0: array<Stored>;
@group(0) @binding(3) var<storage, read> value0: array<Stored>;
@group(0) @binding(4) var<storage, read> key1: array<Stored>;
@group(0) @binding(5) var<storage, read> value1: array<Stored>;
@group(0) @binding(6) var<storage, read_write> result: array<Stored>;

const HEAD_VECTORS = VECTORS * SPLIT;
const GROUP_QUERIES = THREADS / SPLIT * QUERIES;
// WGSL may assume that there are no infinities, so the maximum starts at a number below every score.
const LOWEST = -1e30;
// exp2 is the cheaper exponential: log2(e) goes into the scale of q.
const SCALE = 1.4426950408889634 / sqrt(f32(HEAD_SIZE));

//: if TILED
var<workgroup> keyTile: array<vec4f, TILE * HEAD_VECTORS>;
var<workgroup> valueTile: array<vec4f, TILE * HEAD_VECTORS>;
//: end
//: if EXCHANGE
var<workgroup> partials: array<f32, THREADS * QUERIES * BATCH>;
//: end

// The vec4 of a head that begins at `at`.
//: if WHOLE
fn queryAt(at: u32, vector: u32) -> vec4f {
  return vec4f(query[at + vector]);
}

fn store(at: u32, vector: u32, values: vec4f) {
  result[at + vector] = vec4<Element>(values);
}

//: for z in SOURCES
fn key$zAt(at: u32, vector: u32) -> vec4f {
  return vec4f(key$z[at + vector]);
}

fn value$zAt(at: u32, vector: u32) -> vec4f {
  return vec4f(value$z[at + vector]);
}

//: end
//: end
//: if RAGGED
fn queryAt(at: u32, vector: u32) -> vec4f {
  var values = vec4f();
  for (var i = 4 * vector; i < min(4 * vector + 4, HEAD_SIZE); i++) {
    values[i % 4] = f32(query[at + i]);
  }
  return values;
}

fn store(at: u32, vector: u32, values: vec4f) {
  for (var i = 4 * vector; i < min(4 * vector + 4, HEAD_SIZE); i++) {
    result[at + i] = Element(values[i % 4]);
  }
}

//: for z in SOURCES
fn key$zAt(at: u32, vector: u32) -> vec4f {
  var values = vec4f();
  for (var i = 4 * vector; i < min(4 * vector + 4, HEAD_SIZE); i++) {
    values[i % 4] = f32(key$z[at + i]);
  }
  return values;
}

fn value$zAt(at: u32, vector: u32) -> vec4f {
  var values = vec4f();
  for (var i = 4 * vector; i < min(4 * vector + 4, HEAD_SIZE); i++) {
    values[i % 4] = f32(value$z[at + i]);
  }
  return values;
}

//: end
//: end
@compute @workgroup_size(THREADS)
fn attention(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let head = group.y;
  let batch = lengths.firstMember + group.z;
  let rowStored = lengths.heads * HEAD_STORED;
  let part = thread % SPLIT;
  let firstQuery = group.x * GROUP_QUERIES + thread / SPLIT;
  let share = part * VECTORS;

  // Threads beyond the last query repeat it, so that all reach every barrier; they write nothing.
  //: for r in QUERIES
  let query$r = firstQuery + $ru * (THREADS / SPLIT);
  let from$r = (batch * lengths.queries + min(query$r, lengths.queries - 1)) * rowStored + head * HEAD_STORED;
  //: for i in VECTORS
  let q$r_$i = queryAt(from$r, share + $iu) * SCALE;
  var sum$r_$i = vec4f();
  //: end
  var highest$r = f32(LOWEST);
  var weight$r = 0.0;
  //: end

  //: for z in SOURCES
  {
    let count = lengths.keys[$z];
    let firstRow = batch * lengths.batchStride[$z];
    //: if TILED
    for (var tile = 0u; tile < count; tile += TILE) {
      let valid = min(TILE, count - tile);
      workgroupBarrier();
      // Rows past the end become zeros: whatever lies there, a NaN included, must not reach a product.
      for (var slot = thread; slot < TILE * HEAD_VECTORS; slot += THREADS) {
        let row = slot / HEAD_VECTORS;
        var k = vec4f();
        var v = vec4f();
        if (row < valid) {
          let at = (firstRow + tile + row) * rowStored + head * HEAD_STORED;
          k = key$zAt(at, slot % HEAD_VECTORS);
          v = value$zAt(at, slot % HEAD_VECTORS);
        }
        keyTile[slot] = k;
        valueTile[slot] = v;
      }
      workgroupBarrier();
    //: end
    //: if DIRECT
    {
      let valid = count;
    //: end

      for (var first = 0u; first < valid; first += BATCH) {
        //: for b in BATCH
        //: if TILED
        let at$b = (first + $bu) * HEAD_VECTORS + share;
        //: end
        //: if DIRECT
        // Keys past the end repeat the last one, and their scores are dropped below.
        let at$b = (firstRow + min(first + $bu, valid - 1)) * rowStored + head * HEAD_STORED;
        //: end
        //: for r in QUERIES
        var score$r_$b = 0.0;
        //: end
        //: for i in VECTORS
        {
          //: if TILED
          let k = keyTile[at$b + $iu];
          //: end
          //: if DIRECT
          let k = key$zAt(at$b, share + $iu);
          //: end
          //: for r in QUERIES
          score$r_$b += dot(q$r_$i, k);
          //: end
        }
        //: end
        //: end

        //: if SHUFFLE
        for (var distance = 1u; distance < SPLIT; distance *= 2) {
          //: for r in QUERIES
          //: for b in BATCH
          score$r_$b += subgroupShuffleXor(score$r_$b, distance);
          //: end
          //: end
        }
        //: end
        //: if EXCHANGE
        workgroupBarrier();
        //: for r in QUERIES
        //: for b in BATCH
        partials[($ru * BATCH + $bu) * THREADS + thread] = score$r_$b;
        score$r_$b = 0.0;
        //: end
        //: end
        workgroupBarrier();
        for (var other = thread - part; other < thread - part + SPLIT; other++) {
          //: for r in QUERIES
          //: for b in BATCH
          score$r_$b += partials[($ru * BATCH + $bu) * THREADS + other];
          //: end
          //: end
        }
        //: end

        if (first + BATCH > valid) {
          //: for b in BATCH
          let beyond$b = first + $bu >= valid;
          //: for r in QUERIES
          score$r_$b = select(score$r_$b, LOWEST, beyond$b);
          //: end
          //: end
        }

        //: for r in QUERIES
        var next$r = highest$r;
        //: for b in BATCH
        next$r = max(next$r, score$r_$b);
        //: end
        let fade$r = exp2(highest$r - next$r);
        highest$r = next$r;
        weight$r *= fade$r;
        //: for b in BATCH
        let p$r_$b = exp2(score$r_$b - next$r);
        weight$r += p$r_$b;
        //: end
        //: end

        //: for i in VECTORS
        {
          //: for r in QUERIES
          var s$r = sum$r_$i * fade$r;
          //: end
          //: for b in BATCH
          //: if TILED
          let v$b = valueTile[at$b + $iu];
          //: end
          //: if DIRECT
          let v$b = value$zAt(at$b, share + $iu);
          //: end
          //: for r in QUERIES
          s$r += v$b * p$r_$b;
          //: end
          //: end
          //: for r in QUERIES
          sum$r_$i = s$r;
          //: end
        }
        //: end
      }
    }
  }
  //: end

  //: for r in QUERIES
  if (query$r < lengths.queries) {
    //: for i in VECTORS
    store(from$r, share + $iu, sum$r_$i / weight$r);
    //: end
  }
  //: end
}
