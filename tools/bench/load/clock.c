// Time: the wall, the CPU of processes, and a histogram of latencies.
#include "load.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

uint64_t clock_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t cpu_of(clockid_t id) {
  struct timespec t;
  if (clock_gettime(id, &t) != 0) return 0;
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct snapshot snapshot(void) {
  struct snapshot s = {.own_ns = cpu_of(CLOCK_PROCESS_CPUTIME_ID)};
  // The process clock of another process: user and system time of all its threads, also those that ended, in
  // nanoseconds. /proc/PID/stat tells the same in ticks of 10 ms.
  for (int i = 0; i < options.watched_count; i++) {
    clockid_t id;
    if (clock_getcpuclockid(options.watched[i], &id) != 0) die("a watched process is gone");
    s.watched_ns += cpu_of(id);
  }
  unsigned long long user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
  FILE *f = fopen("/proc/stat", "r");
  if (f != NULL) {
    if (fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &iowait, &irq, &softirq,
               &steal) != 8)
      user = 0;
    fclose(f);
  }
  uint64_t tick_ns = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);
  s.busy_ns = (user + nice + system + irq + softirq) * tick_ns;
  s.steal_ns = steal * tick_ns;
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  s.unix_ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
  s.wall_ns = clock_ns();
  return s;
}

// 64 buckets per power of two: an error of at most 1.6 %.
enum { SUB_BITS = 6, SUB = 1 << SUB_BITS, BUCKETS = 64 * SUB };
static uint64_t counts[BUCKETS], total;

static unsigned bucket_of(uint64_t ns) {
  if (ns < SUB) return (unsigned)ns;
  unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - SUB_BITS;
  return (shift + 1) * SUB + (unsigned)((ns >> shift) & (SUB - 1));
}

void latency_add(uint64_t ns) {
  counts[bucket_of(ns)]++;
  total++;
}

uint64_t latency_at(double quantile) {
  uint64_t wanted = (uint64_t)(quantile * (double)total), seen = 0;
  for (unsigned i = 0; i < BUCKETS; i++) {
    seen += counts[i];
    if (counts[i] == 0 || seen < wanted) continue;
    if (i < SUB) return i;
    return (uint64_t)(SUB + i % SUB) << (i / SUB - 1);
  }
  return 0;
}
