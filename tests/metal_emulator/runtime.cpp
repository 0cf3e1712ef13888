// Runtime of the Metal kernel emulator: runs one dispatch of a compiled kernel
// and checks every access the instrumented code reports.
//
// Execution model.  Each GPU thread is a fiber with its own stack; everything
// runs on one OS thread.  Threadgroups run one after another (in a seeded random
// order); inside a threadgroup, runnable fibers are resumed in rounds (again in a
// seeded random order) until all of them wait or have finished.  Barriers and
// SIMD-group functions are rendezvous points: a fiber parks there until its peers
// arrive at the same call.  If nobody can move, the dispatch diverged.
//
// Memory model.  Each buffer element has a shadow cell with the last write and
// the recent reads.  Two accesses by different threads conflict when one is a
// write and no barrier *with the matching mem_flags* lies between them.
// Threadgroups are never ordered with respect to each other.
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#if !defined(__x86_64__)
#error "the emulator's fiber switch is written for x86-64"
#endif

namespace {

constexpr uint32_t kSimdWidth = 32;
constexpr uint32_t kMaxThreadsPerThreadgroup = 1024;
constexpr size_t kStackBytes = 256 * 1024;
constexpr int kMaxPayload = 64;  // bytes a lane can hand to a SIMD-group function
constexpr uint32_t kSeveral = 0xffffffffu;
constexpr int kLineBits = 20;  // a call site is line | column << kLineBits

// Numbered as FAULT_ERRORS in errors.py.
enum Fault {
  kNoFault = 0,
  kRace,
  kOutOfBounds,
  kUninitialisedRead,
  kDivergence,
  kReadOnlyWrite,
  kMisaligned,
  kInactiveLane,
  kThreadgroupMemory,
  kTimeLimit,
  kInternal,
};

enum Space { kDevice = 1, kConstant = 2, kThreadgroup = 3 };
enum MemFlags { kMemDevice = 1, kMemThreadgroup = 2 };

// ------------------------------------------------------------------ shared ABI

struct alignas(16) UInt3 {
  uint32_t x, y, z, padding;
};

// Field for field `struct __msl_ctx` of shim/metal_stdlib.
struct ThreadContext {
  UInt3 thread_position_in_grid, thread_position_in_threadgroup,
      threadgroup_position_in_grid, threadgroups_per_grid, threads_per_grid,
      threads_per_threadgroup, dispatch_threads_per_threadgroup, grid_origin,
      grid_size;
  uint32_t thread_index_in_threadgroup, thread_index_in_simdgroup,
      simdgroup_index_in_threadgroup, simdgroups_per_threadgroup,
      dispatch_simdgroups_per_threadgroup, threads_per_simdgroup,
      thread_execution_width, quadgroup_index_in_threadgroup,
      quadgroups_per_threadgroup, dispatch_quadgroups_per_threadgroup,
      thread_index_in_quadgroup;
};

using KernelEntry = void (*)(void** buffers, const ThreadContext* context);

}  // namespace

extern "C" {

// Field for field `_LaunchOptions` of run.py.
struct MslOptions {
  uint64_t seed;
  int32_t allow_divergent_simd;
  int32_t simd_ops_order_memory;
  int32_t reduction_order;
  int32_t fast_math_ulps;
  int32_t flush_denormals;
  int32_t padding;
  uint64_t threadgroup_memory_limit;
  double time_limit_seconds;
};

// Field for field `_Counters` of run.py.
struct MslCounters {
  uint64_t flops, special_functions, threadgroup_barriers, simdgroup_barriers,
      simd_operations, matrix_multiplies, atomics, threadgroup_memory,
      threadgroups, threads;
};

// Field for field `_BufferCounters` of run.py.  All in bytes.
struct MslBufferCounters {
  uint64_t loaded, stored, unique_loaded, unique_loaded_per_threadgroup,
      unique_stored, unwritten_elements;
};

uint64_t __msl_flops = 0;
uint64_t __msl_special_functions = 0;

void msl_switch_stack(void** save_from, void* resume);
}

asm(R"(
.text
.globl msl_switch_stack
msl_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
)");

namespace {

// -------------------------------------------------------------- shadow memory

struct Access {
  uint32_t thread = 0;     // index in the threadgroup, or kSeveral
  uint32_t simdgroup = 0;  // or kSeveral
  uint32_t epoch = 0;      // barrier epoch; 0: no access yet
  uint32_t simd_epoch = 0;
  int32_t line = 0;
};

struct Cell {
  uint32_t writer_group = 0;  // threadgroup index + 1; 0: never written
  uint32_t reader_group = 0;  // or kSeveral
  int32_t writer_line = 0;
  int32_t reader_line = 0;
  Access write, read;         // latest ones inside one threadgroup
  uint32_t last_loading_group = 0;
  bool loaded = false;
  bool atomically_written = false;
};

struct Buffer {
  char* base = nullptr;
  uint64_t bytes = 0;
  uint32_t element_bytes = 1;
  bool writable = false;
  bool initialised = true;
  bool counted = true;  // false: a program-scope constant table
  std::string name;
  std::vector<Cell> cells;
  MslBufferCounters counters = {};

  bool contains(const char* p) const { return p >= base && p < base + bytes; }
};

// --------------------------------------------------------------------- fibers

enum State { kRunnable, kAtSimdOperation, kAtSimdBarrier, kAtThreadgroupBarrier, kFinished };

struct Fiber {
  void* stack_pointer = nullptr;
  State state = kRunnable;
  const char* operation = "";  // name of the call it waits in
  int32_t site = 0;            // where that call is
  int32_t mem_flags = 0;       // of the barrier it waits in
  int payload_bytes = 0;
  char payload[kMaxPayload];
  uint32_t active_lanes = 0;   // of the SIMD operation just released
  uint32_t thread = 0, simdgroup = 0, lane = 0;
  ThreadContext context;

  int line() const { return site & ((1 << kLineBits) - 1); }
  bool waits_like(const Fiber& other) const {
    return state == other.state && site == other.site &&
           mem_flags == other.mem_flags && !strcmp(operation, other.operation);
  }
};

struct SimdGroup {
  uint32_t first_thread = 0, threads = 0;
  uint32_t device_epoch = 0, threadgroup_epoch = 0;
  char lanes[kSimdWidth][kMaxPayload];  // what each lane handed to the last operation
};

// A second store to an element by an unordered thread is harmless if it does not
// change the value, which is only known after it happened.
struct PendingStore {
  char* address = nullptr;
  int bytes = 0;
  char before[16];
  std::string message;
};

struct Machine {
  MslOptions options = {};
  KernelEntry entry = nullptr;
  void** arguments = nullptr;

  std::vector<Buffer> buffers;      // kernel arguments, then constant tables
  std::vector<Buffer> shared;       // threadgroup variables of the running threadgroup
  std::vector<std::vector<char>> shared_storage;
  Buffer* last_hit = nullptr;

  std::vector<Fiber> fibers;
  std::vector<SimdGroup> simdgroups;
  uint32_t live_fibers = 0;
  Fiber* current = nullptr;
  void* scheduler_stack = nullptr;

  uint32_t group = 0;               // linear index of the running threadgroup
  // Epochs only ever grow, so an old epoch also means "another threadgroup".
  uint32_t device_epoch = 0, threadgroup_epoch = 0;

  Fault fault = kNoFault;
  std::string message;
  std::map<std::string, uint64_t> warnings;
  PendingStore pending;

  MslCounters counters = {};
  uint64_t shared_bytes = 0;
  uint64_t random_state = 1;
  uint64_t events = 0;
  std::chrono::steady_clock::time_point deadline;
};

Machine M;

uint64_t random_number() {  // xorshift64
  M.random_state ^= M.random_state << 13;
  M.random_state ^= M.random_state >> 7;
  M.random_state ^= M.random_state << 17;
  return M.random_state;
}

template <class T>
void shuffle(std::vector<T>& items, size_t count) {
  for (size_t i = count; i > 1; i--) std::swap(items[i - 1], items[random_number() % i]);
}

void yield_to_scheduler() { msl_switch_stack(&M.current->stack_pointer, M.scheduler_stack); }

std::string format(const char* pattern, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, pattern);
  vsnprintf(text, sizeof text, pattern, arguments);
  va_end(arguments);
  return text;
}

// Python replaces @L<number>@ with the source line and its text.
std::string at_line(int line) { return "@L" + std::to_string(line) + "@"; }

void set_fault(Fault fault, const std::string& message) {
  if (M.fault) return;
  M.fault = fault;
  M.message = message;
}

// Ends the dispatch.  Inside a fiber this never returns: an aborted machine
// resumes no fiber again.
void fail(Fault fault, const std::string& message) {
  set_fault(fault, message);
  if (M.current) yield_to_scheduler();
}

std::string current_thread() {
  const ThreadContext& c = M.current->context;
  return format("thread (%u, %u, %u) of threadgroup (%u, %u, %u)",
                c.thread_position_in_threadgroup.x, c.thread_position_in_threadgroup.y,
                c.thread_position_in_threadgroup.z, c.threadgroup_position_in_grid.x,
                c.threadgroup_position_in_grid.y, c.threadgroup_position_in_grid.z);
}

std::string thread_name(uint32_t thread) {
  return thread == kSeveral ? "several threads" : "thread index " + std::to_string(thread);
}

void resolve_pending_store() {
  PendingStore& p = M.pending;
  if (!p.address) return;
  if (memcmp(p.address, p.before, p.bytes))
    set_fault(kRace, p.message);
  else
    M.warnings["unordered stores of the same value: " + p.message]++;
  p.address = nullptr;
}

Buffer* find_buffer(std::vector<Buffer>& buffers, const char* address) {
  if (M.last_hit && M.last_hit->contains(address)) return M.last_hit;
  for (Buffer& b : buffers)
    if (b.contains(address)) return M.last_hit = &b;
  return nullptr;
}

std::string nearest_buffer(const char* address) {
  int64_t best = INT64_MAX;
  std::string text;
  for (const Buffer& b : M.buffers) {
    int64_t distance = address < b.base ? b.base - address : address - (b.base + b.bytes);
    if (distance >= best) continue;
    best = distance;
    int64_t offset = address - b.base, size = b.element_bytes;
    int64_t index = offset >= 0 ? offset / size : (offset - size + 1) / size;
    text = format("nearest is '%s': index %ld, size %lu", b.name.c_str(), (long)index,
                  (unsigned long)(b.bytes / b.element_bytes));
  }
  return text;
}

struct Touch {
  Buffer* buffer;
  uint64_t index;
  char* address;
  int bytes;
  int line;
  Space space;

  std::string element() const { return format("%s[%lu]", buffer->name.c_str(), (unsigned long)index); }
  uint32_t epoch() const { return space == kThreadgroup ? M.threadgroup_epoch : M.device_epoch; }
  uint32_t simd_epoch() const {
    const SimdGroup& g = M.simdgroups[M.current->simdgroup];
    return space == kThreadgroup ? g.threadgroup_epoch : g.device_epoch;
  }
  Access access() const {
    return {M.current->thread, M.current->simdgroup, epoch(), simd_epoch(), line};
  }
  // Is `earlier` certain to have happened before this touch?
  bool ordered_after(const Access& earlier) const {
    if (earlier.epoch != epoch() || earlier.thread == M.current->thread) return true;
    return earlier.simdgroup == M.current->simdgroup && earlier.simd_epoch != simd_epoch();
  }
};

void note_read(const Touch& t, Cell& cell) {
  const uint32_t group = M.group + 1;
  if (t.space == kDevice) {
    if (cell.writer_group && cell.writer_group != group && !cell.atomically_written)
      return fail(kRace, format("%s reads %s, which another threadgroup writes at %s, at ",
                                current_thread().c_str(), t.element().c_str(),
                                at_line(cell.writer_line).c_str()) + at_line(t.line));
    cell.reader_group = cell.reader_group && cell.reader_group != group ? kSeveral : group;
    cell.reader_line = t.line;
  }
  if (!cell.atomically_written && !t.ordered_after(cell.write))
    return fail(kRace, format("%s reads %s, written by %s with no barrier in between, at ",
                              current_thread().c_str(), t.element().c_str(),
                              thread_name(cell.write.thread).c_str()) +
                           at_line(t.line) + " (written at " + at_line(cell.write.line) + ")");
  Access now = t.access();
  Access& read = cell.read;
  if (read.epoch != now.epoch) {
    read = now;
  } else if (read.simdgroup != now.simdgroup) {
    read.simdgroup = read.thread = kSeveral;
  } else if (read.simd_epoch != now.simd_epoch) {
    read = now;  // a simdgroup_barrier ordered the earlier reads of this SIMD-group
  } else if (read.thread != now.thread) {
    read.thread = kSeveral;
  }
}

void note_write(const Touch& t, Cell& cell) {
  const uint32_t group = M.group + 1;
  bool unordered_store = false;
  if (t.space == kDevice) {
    if (cell.reader_group && cell.reader_group != group)
      return fail(kRace, format("%s writes %s, which another threadgroup reads at %s, at ",
                                current_thread().c_str(), t.element().c_str(),
                                at_line(cell.reader_line).c_str()) + at_line(t.line));
    unordered_store = cell.writer_group && cell.writer_group != group;
  }
  if (!t.ordered_after(cell.read))
    return fail(kRace, format("%s writes %s, read by %s with no barrier in between, at ",
                              current_thread().c_str(), t.element().c_str(),
                              thread_name(cell.read.thread).c_str()) +
                           at_line(t.line) + " (read at " + at_line(cell.read.line) + ")");
  if (!cell.atomically_written && (unordered_store || !t.ordered_after(cell.write))) {
    M.pending.message = "two threads write " + t.buffer->name + " with no barrier in between, at " + at_line(t.line);
    if (cell.writer_line != t.line) M.pending.message += " and at " + at_line(cell.writer_line);
    M.pending.address = t.address;
    M.pending.bytes = std::min(t.bytes, 16);
    memcpy(M.pending.before, t.address, M.pending.bytes);
  }
  cell.writer_group = group;
  cell.writer_line = t.line;
  cell.write = t.access();
  cell.read = Access{};
  cell.atomically_written = false;
}

// True every few thousand events if the time limit has passed.
bool out_of_time() {
  if (++M.events & 0x3fff) return false;
  return std::chrono::steady_clock::now() > M.deadline;
}

enum AccessKind { kLoad = 1, kStore = 2, kAtomicLoad = 4, kAtomicStore = 8 };

void check_access(void* pointer, int bytes, int line, Space space, int kind) {
  if (!M.current) return;
  resolve_pending_store();
  if (M.fault) return yield_to_scheduler();
  if (out_of_time()) return fail(kTimeLimit, "still running at " + at_line(line));

  char* address = static_cast<char*>(pointer);
  const bool writes = kind & (kStore | kAtomicStore);
  const char* verb = kind > kStore ? "atomic access to" : writes ? "write to" : "read of";
  Buffer* b = find_buffer(space == kThreadgroup ? M.shared : M.buffers, address);
  if (!b || address + bytes > b->base + b->bytes)
    return fail(kOutOfBounds, format("%d-byte %s %s memory outside every %s, by %s, at ", bytes, verb,
                                     space == kThreadgroup ? "threadgroup" : "device",
                                     space == kThreadgroup ? "threadgroup variable" : "buffer",
                                     current_thread().c_str()) + at_line(line) +
                                  (space == kThreadgroup ? "" : " (" + nearest_buffer(address) + ")"));
  const bool power_of_two = (bytes & (bytes - 1)) == 0;
  if (power_of_two && reinterpret_cast<uint64_t>(address) % std::min(bytes, 16))
    return fail(kMisaligned, format("%d-byte %s '%s' at a misaligned address, at ", bytes, verb, b->name.c_str()) + at_line(line));
  if (writes && !b->writable)
    return fail(kReadOnlyWrite, "write to the input '" + b->name + "' at " + at_line(line));
  if (!b->counted) return;

  (writes ? b->counters.stored : b->counters.loaded) += bytes;
  const uint64_t first = (address - b->base) / b->element_bytes;
  const uint64_t last = (address + bytes - 1 - b->base) / b->element_bytes;
  for (uint64_t i = first; i <= last && !M.fault; i++) {
    Cell& cell = b->cells[i];
    Touch touch{b, i, address, bytes, line, space};
    if (kind & (kLoad | kAtomicLoad)) {
      if (!b->initialised && !cell.writer_group)
        return fail(kUninitialisedRead, format("%s reads %s, never written before, at ", current_thread().c_str(),
                                               touch.element().c_str()) + at_line(line));
      if (!cell.loaded) {
        cell.loaded = true;
        b->counters.unique_loaded += b->element_bytes;
      }
      if (cell.last_loading_group != M.group + 1) {
        cell.last_loading_group = M.group + 1;
        b->counters.unique_loaded_per_threadgroup += b->element_bytes;
      }
    }
    if (kind > kStore) {  // atomics do not conflict with each other
      if (writes) {
        cell.writer_group = M.group + 1;
        cell.atomically_written = true;
      }
      continue;
    }
    if (!b->writable) continue;  // nobody writes inputs, so nothing can race
    if (writes)
      note_write(touch, cell);
    else
      note_read(touch, cell);
  }
}

// ------------------------------------------------------------------ rendezvous

void wait_in(State state, const char* operation, int site, int mem_flags) {
  resolve_pending_store();
  Fiber* f = M.current;
  f->state = state;
  f->operation = operation;
  f->site = site;
  f->mem_flags = mem_flags;
  if (!M.fault && out_of_time()) set_fault(kTimeLimit, "still running at " + at_line(f->line()));
  yield_to_scheduler();
}

// Releases the lanes of a SIMD-group that wait in the same call.  Without
// `partially`, only if that is all of its lanes.
bool release_simdgroup(SimdGroup& group, bool partially) {
  const Fiber* leader = nullptr;
  uint32_t active = 0;
  bool everybody = true;
  for (uint32_t i = 0; i < group.threads; i++) {
    const Fiber& f = M.fibers[group.first_thread + i];
    const bool waits = f.state == kAtSimdOperation || f.state == kAtSimdBarrier;
    if (waits && !leader) leader = &f;
    if (waits && f.waits_like(*leader))
      active |= 1u << f.lane;
    else
      everybody = false;
  }
  if (!leader || (!everybody && !partially)) return false;
  if (leader->state == kAtSimdBarrier) {
    if (leader->mem_flags & kMemDevice) group.device_epoch++;
    if (leader->mem_flags & kMemThreadgroup) group.threadgroup_epoch++;
    M.counters.simdgroup_barriers++;
  } else {
    M.counters.simd_operations++;
    if (strstr(leader->operation, "multiply")) M.counters.matrix_multiplies++;
    if (M.options.simd_ops_order_memory) {
      group.device_epoch++;
      group.threadgroup_epoch++;
    }
  }
  for (uint32_t i = 0; i < group.threads; i++) {
    Fiber& f = M.fibers[group.first_thread + i];
    if (!(active >> f.lane & 1)) continue;
    memcpy(group.lanes[f.lane], f.payload, f.payload_bytes);
    f.active_lanes = active;
    f.state = kRunnable;
  }
  return true;
}

bool release_threadgroup_barrier() {
  const Fiber& leader = M.fibers[0];
  for (uint32_t i = 0; i < M.live_fibers; i++)
    if (M.fibers[i].state != kAtThreadgroupBarrier || !M.fibers[i].waits_like(leader)) return false;
  if (leader.mem_flags & kMemDevice) M.device_epoch++;
  if (leader.mem_flags & kMemThreadgroup) M.threadgroup_epoch++;
  M.counters.threadgroup_barriers++;
  for (uint32_t i = 0; i < M.live_fibers; i++) M.fibers[i].state = kRunnable;
  return true;
}

std::string describe_divergence() {
  std::map<std::string, int> places;
  for (uint32_t i = 0; i < M.live_fibers; i++) {
    const Fiber& f = M.fibers[i];
    places[f.state == kFinished ? "have returned"
                                : std::string("wait in ") + f.operation + " at " + at_line(f.line())]++;
  }
  const UInt3& g = M.fibers[0].context.threadgroup_position_in_grid;
  std::string text = format("not all threads of threadgroup (%u, %u, %u) reach the same call:", g.x, g.y, g.z);
  for (const auto& place : places) text += "\n  " + std::to_string(place.second) + " threads " + place.first;
  return text;
}

// ------------------------------------------------------------------- scheduler

void fiber_main() {
  M.entry(M.arguments, &M.current->context);
  resolve_pending_store();
  M.current->state = kFinished;
  yield_to_scheduler();
  abort();  // a finished fiber is never resumed
}

char* fiber_stack(uint32_t index) {
  static std::vector<char*> stacks;  // kept between dispatches
  while (stacks.size() <= index) {
    void* memory = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) abort();
    mprotect(memory, 4096, PROT_NONE);  // an overflow must not corrupt its neighbour
    stacks.push_back(static_cast<char*>(memory));
  }
  return stacks[index];
}

void prepare_fiber(uint32_t index, const uint32_t* grid, const uint32_t* full, const uint32_t* size,
                   const uint32_t* group, const uint32_t* groups) {
  Fiber& f = M.fibers[index];
  f = Fiber{};
  f.thread = index;
  f.simdgroup = index / kSimdWidth;
  f.lane = index % kSimdWidth;
  ThreadContext& c = f.context;
  const uint32_t threads = size[0] * size[1] * size[2], full_threads = full[0] * full[1] * full[2];
  const UInt3 position = {index % size[0], index / size[0] % size[1], index / size[0] / size[1], 0};
  c.thread_position_in_threadgroup = position;
  c.threadgroup_position_in_grid = {group[0], group[1], group[2], 0};
  c.thread_position_in_grid = {group[0] * full[0] + position.x, group[1] * full[1] + position.y,
                               group[2] * full[2] + position.z, 0};
  c.threadgroups_per_grid = {groups[0], groups[1], groups[2], 0};
  c.threads_per_grid = c.grid_size = {grid[0], grid[1], grid[2], 0};
  c.grid_origin = {0, 0, 0, 0};
  c.threads_per_threadgroup = {size[0], size[1], size[2], 0};
  c.dispatch_threads_per_threadgroup = {full[0], full[1], full[2], 0};
  c.thread_index_in_threadgroup = index;
  c.thread_index_in_simdgroup = f.lane;
  c.simdgroup_index_in_threadgroup = f.simdgroup;
  c.simdgroups_per_threadgroup = (threads + kSimdWidth - 1) / kSimdWidth;
  c.dispatch_simdgroups_per_threadgroup = (full_threads + kSimdWidth - 1) / kSimdWidth;
  c.threads_per_simdgroup = c.thread_execution_width = kSimdWidth;
  c.quadgroup_index_in_threadgroup = index / 4;
  c.quadgroups_per_threadgroup = (threads + 3) / 4;
  c.dispatch_quadgroups_per_threadgroup = (full_threads + 3) / 4;
  c.thread_index_in_quadgroup = index % 4;

  void** top = reinterpret_cast<void**>(fiber_stack(index) + kStackBytes);
  *--top = nullptr;                                  // keeps the stack aligned for the call
  *--top = reinterpret_cast<void*>(fiber_main);      // where the first switch returns to
  for (int i = 0; i < 6; i++) *--top = nullptr;      // the six saved registers
  f.stack_pointer = top;
}

void run_threadgroup() {
  std::vector<uint32_t> order(M.live_fibers);
  for (uint32_t i = 0; i < M.live_fibers; i++) order[i] = i;
  for (;;) {
    bool progress = false;
    shuffle(order, M.live_fibers);
    for (uint32_t index : order) {
      Fiber& f = M.fibers[index];
      if (f.state != kRunnable) continue;
      progress = true;
      M.current = &f;
      msl_switch_stack(&M.scheduler_stack, f.stack_pointer);
      M.current = nullptr;
      if (M.fault) return;
    }
    for (SimdGroup& g : M.simdgroups) progress |= release_simdgroup(g, false);
    bool finished = true;
    for (uint32_t i = 0; i < M.live_fibers; i++) finished &= M.fibers[i].state == kFinished;
    if (finished) return;
    progress |= release_threadgroup_barrier();
    if (progress) continue;
    if (M.options.allow_divergent_simd)
      for (SimdGroup& g : M.simdgroups) progress |= release_simdgroup(g, true);
    if (!progress) return set_fault(kDivergence, describe_divergence());
  }
}

struct DenormalMode {  // Apple compiles MLX's kernels with denormals flushed to zero
  unsigned saved = __builtin_ia32_stmxcsr();
  explicit DenormalMode(bool flush) {
    if (flush) __builtin_ia32_ldmxcsr(saved | 0x8040);  // flush-to-zero, denormals-are-zero
  }
  ~DenormalMode() { __builtin_ia32_ldmxcsr(saved); }
};

Buffer make_buffer(void* base, uint64_t bytes, uint32_t element_bytes, bool writable, bool initialised,
                   const char* name) {
  Buffer b;
  b.base = static_cast<char*>(base);
  b.bytes = bytes;
  b.element_bytes = element_bytes;
  b.writable = writable;
  b.initialised = initialised;
  b.name = name;
  b.cells.resize(bytes / element_bytes);
  return b;
}

}  // namespace

extern "C" {

// ------------------------------------------------------- called by the kernels

void __msl_load_device(void* p, int bytes, int line) { check_access(p, bytes, line, kDevice, kLoad); }
void __msl_store_device(void* p, int bytes, int line) { check_access(p, bytes, line, kDevice, kStore); }
void __msl_load_constant(void* p, int bytes, int line) { check_access(p, bytes, line, kConstant, kLoad); }
void __msl_store_constant(void* p, int bytes, int line) { check_access(p, bytes, line, kConstant, kStore); }
void __msl_load_threadgroup(void* p, int bytes, int line) { check_access(p, bytes, line, kThreadgroup, kLoad); }
void __msl_store_threadgroup(void* p, int bytes, int line) { check_access(p, bytes, line, kThreadgroup, kStore); }

// mode: 1 load, 2 store, 3 read-modify-write
void __msl_atomic(void* p, int bytes, int space, int mode, int site) {
  M.counters.atomics++;
  const int kind = (mode & 1 ? kAtomicLoad : 0) | (mode & 2 ? kAtomicStore : 0);
  check_access(p, bytes, site & ((1 << kLineBits) - 1), static_cast<Space>(space), kind);
}

// A program-scope `constant` table of the kernel.
void __msl_table(void* base, uint64_t bytes) {
  Buffer b = make_buffer(base, bytes, 1, false, true, "program-scope constant");
  b.counted = false;
  b.cells.clear();
  M.buffers.push_back(std::move(b));
}

uint32_t __msl_lane() { return M.current->lane; }
int __msl_reduction_order() { return M.options.reduction_order; }

// Moves a fast:: result by up to `ulps * fast_math_ulps` units in the last place.
float __msl_noise(float value, int ulps) {
  const int range = ulps * M.options.fast_math_ulps;
  if (!range || value != value || value == 0 || __builtin_isinf(value)) return value;
  int32_t bits;
  memcpy(&bits, &value, 4);
  bits += static_cast<int>(random_number() % (2 * range + 1)) - range;
  memcpy(&value, &bits, 4);
  return value;
}

void __msl_inactive_lane(const char* operation, int site) {
  fail(kInactiveLane, format("%s reads an inactive or missing lane, by %s, at ", operation, current_thread().c_str()) +
                          at_line(site & ((1 << kLineBits) - 1)));
}

// Hands `bytes` bytes to the SIMD-group and waits for the other lanes; returns
// [32][64] bytes, valid until this fiber's next wait.
const void* __msl_exchange(const char* operation, const void* value, int bytes, int site, uint32_t* active_lanes) {
  Fiber* f = M.current;
  if (bytes > kMaxPayload) fail(kInternal, "SIMD-group payload too large");
  memcpy(f->payload, value, bytes);
  f->payload_bytes = bytes;
  wait_in(kAtSimdOperation, operation, site, 0);
  *active_lanes = f->active_lanes;
  return M.simdgroups[f->simdgroup].lanes;
}

void __msl_simdgroup_barrier(int flags, int site) {
  M.current->payload_bytes = 0;
  wait_in(kAtSimdBarrier, "simdgroup_barrier", site, flags);
}

void __msl_threadgroup_barrier(int flags, int site) {
  wait_in(kAtThreadgroupBarrier, "threadgroup_barrier", site, flags);
}

// Storage of threadgroup variable number `id`, allocated by whichever thread gets there first.
void* __msl_threadgroup_variable(int id, const char* name, uint64_t bytes, int element_bytes) {
  if (static_cast<size_t>(id) >= M.shared.size()) {
    M.shared.resize(id + 1);
    M.shared_storage.resize(id + 1);
    M.last_hit = nullptr;  // the vector may have moved
  }
  Buffer& b = M.shared[id];
  if (b.base) return b.base;
  const uint64_t rounded = (bytes + 15) & ~15ull;
  std::vector<char>& storage = M.shared_storage[id];
  storage.assign(rounded + 256, static_cast<char>(0xff));  // all ones: NaN in every float type
  char* base = storage.data() + 128;
  base += -reinterpret_cast<uint64_t>(base) & 15;
  b = make_buffer(base, bytes, element_bytes, true, false, name);
  M.shared_bytes += rounded;
  M.counters.threadgroup_memory = std::max(M.counters.threadgroup_memory, M.shared_bytes);
  if (M.shared_bytes > M.options.threadgroup_memory_limit)
    fail(kThreadgroupMemory, format("threadgroup variables need %lu bytes, the limit is %lu",
                                    (unsigned long)M.shared_bytes,
                                    (unsigned long)M.options.threadgroup_memory_limit));
  return b.base;
}

// float -> bfloat, round to nearest even: the compiler's support library may lack it.
// g++ before 13 has no __bf16; _Float16 travels in the same register.
#if defined(__clang__) || __GNUC__ >= 13
typedef __bf16 Returned;
#else
typedef _Float16 Returned;
#endif
Returned __truncsfbf2(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  const bool nan = (bits & 0x7fffffff) > 0x7f800000;
  const uint16_t high = nan ? (bits >> 16) | 0x40 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  Returned result;
  memcpy(&result, &high, 2);
  return result;
}

// --------------------------------------------------------- called from run.py

void msl_reset() {
  M.buffers.clear();
  M.shared.clear();
  M.shared_storage.clear();
  M.last_hit = nullptr;
}

void msl_add_buffer(void* base, uint64_t bytes, uint32_t element_bytes, int writable, int initialised,
                    const char* name) {
  M.buffers.push_back(make_buffer(base, bytes, element_bytes, writable, initialised, name));
}

// grid and threadgroup in threads.  Returns the Fault.
int msl_run(KernelEntry entry, void** arguments, const uint32_t* grid, const uint32_t* threadgroup,
            const MslOptions* options, MslCounters* counters) {
  DenormalMode denormals(options->flush_denormals);
  M.options = *options;
  M.entry = entry;
  M.arguments = arguments;
  M.random_state = options->seed * 2654435761u + 88172645463325252ull;
  M.fault = kNoFault;
  M.message.clear();
  M.warnings.clear();
  M.counters = {};
  M.pending.address = nullptr;
  M.device_epoch = M.threadgroup_epoch = 0;
  M.events = 0;
  M.last_hit = nullptr;
  M.deadline = std::chrono::steady_clock::now() +
               std::chrono::microseconds(static_cast<int64_t>(options->time_limit_seconds * 1e6));
  __msl_flops = __msl_special_functions = 0;

  uint32_t full[3], groups[3];  // Metal clamps the threadgroup to the grid
  for (int i = 0; i < 3; i++) {
    full[i] = std::min(threadgroup[i], grid[i]);
    groups[i] = (grid[i] + full[i] - 1) / full[i];
  }
  const uint32_t most_threads = full[0] * full[1] * full[2];
  if (most_threads > kMaxThreadsPerThreadgroup) {
    set_fault(kInternal, "too many threads per threadgroup");
    return M.fault;
  }
  M.fibers.resize(most_threads);

  std::vector<uint32_t> order(static_cast<size_t>(groups[0]) * groups[1] * groups[2]);
  for (uint32_t i = 0; i < order.size(); i++) order[i] = i;
  shuffle(order, order.size());
  for (uint32_t index : order) {
    const uint32_t group[3] = {index % groups[0], index / groups[0] % groups[1], index / groups[0] / groups[1]};
    uint32_t size[3];  // groups at the edge of the grid can be smaller
    for (int i = 0; i < 3; i++) size[i] = std::min(full[i], grid[i] - group[i] * full[i]);
    M.group = index;
    M.live_fibers = size[0] * size[1] * size[2];
    M.device_epoch++;
    M.threadgroup_epoch++;
    M.shared.clear();
    M.shared_storage.clear();
    M.shared_bytes = 0;
    M.last_hit = nullptr;
    M.simdgroups.assign((M.live_fibers + kSimdWidth - 1) / kSimdWidth, SimdGroup{});
    for (uint32_t g = 0; g < M.simdgroups.size(); g++) {
      M.simdgroups[g].first_thread = g * kSimdWidth;
      M.simdgroups[g].threads = std::min(kSimdWidth, M.live_fibers - g * kSimdWidth);
    }
    for (uint32_t i = 0; i < M.live_fibers; i++) prepare_fiber(i, grid, full, size, group, groups);
    run_threadgroup();
    M.counters.threadgroups++;
    M.counters.threads += M.live_fibers;
    if (M.fault) break;
  }
  M.counters.flops = __msl_flops;
  M.counters.special_functions = __msl_special_functions;
  *counters = M.counters;
  return M.fault;
}

void msl_buffer_counters(int index, MslBufferCounters* counters) {
  Buffer& b = M.buffers[index];
  b.counters.unique_stored = b.counters.unwritten_elements = 0;
  for (const Cell& cell : b.cells) {
    if (cell.writer_group)
      b.counters.unique_stored += b.element_bytes;
    else
      b.counters.unwritten_elements++;
  }
  *counters = b.counters;
}

const char* msl_message() { return M.message.c_str(); }

// One warning per line: "<count> <text>".
const char* msl_warnings() {
  static std::string text;
  text.clear();
  for (const auto& w : M.warnings) text += std::to_string(w.second) + " " + w.first + "\n";
  return text.c_str();
}
}
