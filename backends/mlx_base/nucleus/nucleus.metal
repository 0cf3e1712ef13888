// The least score above which there is at most a share of all weights. One threadgroup
// finds its bits, eight at a time from the first: of the scores that begin with those
// found so far it adds up the weights in 256 buckets, of which each thread has one.
// scores and weights [N] float32; sizes[0] is N; share[0] / 2^32 is the share.
constexpr uint BUCKETS = THREADS, AHEAD = 8;
threadgroup atomic_uint low[BUCKETS], high[BUCKETS];
threadgroup ulong mass[BUCKETS];
threadgroup ulong beyond;
threadgroup uint chosen;
uint mine = thread_position_in_threadgroup.x;
uint size = uint(sizes[0]);
uint found = 0, known = 0;
ulong above = 0, limit = 0;

for (uint shift = 32; shift != 0;) {
  shift -= 8;
  atomic_store_explicit(&low[mine], 0u, memory_order_relaxed);
  atomic_store_explicit(&high[mine], 0u, memory_order_relaxed);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint start = mine; start < size; start += THREADS * AHEAD) {
    uint order[AHEAD], units[AHEAD];
    for (uint n = 0; n < AHEAD; n++) {
      uint bits = as_type<uint>(scores[metal::min(start + n * THREADS, size - 1)]);
      // Integers in the order of the scores.
      order[n] = bits >> 31 ? ~bits : bits | 0x80000000u;
    }
    for (uint n = 0; n < AHEAD; n++) {
      uint at = start + n * THREADS;
      float weight = at < size && (order[n] & known) == found ? weights[at] : 0.0f;
      // Of no number none, too.
      units[n] = weight > 0.0f ? uint(metal::rint(weight * 2147483648.0f)) : 0u;
    }
    // Many are in the same bucket at first: a thread adds what it has for one at once.
    uint bucket = 0;
    ulong sum = 0;
    for (uint n = 0; n <= AHEAD; n++) {
      uint next = n < AHEAD ? (order[n] >> shift) & (BUCKETS - 1) : BUCKETS;
      if (next != bucket && sum != 0) {
        uint last = uint(sum & 0xffffffffu), first = uint(sum >> 32);
        uint old = atomic_fetch_add_explicit(&low[bucket], last, memory_order_relaxed);
        first += old + last < last ? 1 : 0;
        if (first != 0) {
          atomic_fetch_add_explicit(&high[bucket], first, memory_order_relaxed);
        }
        sum = 0;
      }
      bucket = next;
      sum += n < AHEAD ? units[n] : 0;
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  uint last = atomic_load_explicit(&low[mine], memory_order_relaxed);
  uint first = atomic_load_explicit(&high[mine], memory_order_relaxed);
  mass[mine] = (ulong(first) << 32) | last;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  // From here on it is that of all buckets above, too.
  for (uint step = 1; step < BUCKETS; step *= 2) {
    ulong more = mine + step < BUCKETS ? mass[mine + step] : 0;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    mass[mine] += more;
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
  if (known == 0) {
    ulong rest = mass[0] & 0xffffffffu;
    limit = (mass[0] >> 32) * share[0] + ((rest * share[0]) >> 32);
  }
  // The least bucket above which there is no more than that.
  ulong here = above + (mine + 1 < BUCKETS ? mass[mine + 1] : 0);
  if (here <= limit && (mine == 0 || above + mass[mine] > limit)) {
    chosen = mine;
    beyond = here;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  above = beyond;
  found |= chosen << shift;
  known |= (BUCKETS - 1) << shift;
}
if (mine == 0) {
  least[0] = as_type<float>(found >> 31 ? found & 0x7fffffffu : ~found);
}
