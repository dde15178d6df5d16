// Preloaded into processes that share one store: keeps what was written and not yet synced, and at the chosen operation loses power.
// Unsynced writes are undone, a random half of them is done again (some only in part, by sectors), and every process is killed.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SECTOR 512
#define HEADER 4096
#define ARENA (192ull << 20)
#define MOST_PROCESSES 64

// The first three are set by whoever starts the processes.
struct shared {
  uint64_t stop_at, seed, operations, used, live, crashes, overflows, processes;
  int64_t pids[MOST_PROCESSES];
};
struct entry {
  uint64_t size, live, inode, offset, old_size, old_length, new_length;
  int64_t truncates;
  char path[256];
  char data[];  // the bytes before, then the bytes after
};

static struct shared *shared;
static int lock_file = -1;

static char *arena(void) { return (char *)shared + HEADER; }
static void lock(void) { while (flock(lock_file, LOCK_EX) != 0); }
static void unlock(void) { flock(lock_file, LOCK_UN); }

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("POWER_LOSS_FILE");
  if (!path) return;
  int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void *map = mmap(0, HEADER + ARENA, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (map == MAP_FAILED) return;
  lock_file = file;
  shared = map;
  lock();
  if (shared->processes < MOST_PROCESSES) shared->pids[shared->processes++] = getpid();
  unlock();
}

// The database and its log; what else there is of the store is not kept over a power loss.
static int watched(int fd, char *path, struct stat *about) {
  if (!shared) return 0;
  if (fd < 0 || fstat(fd, about) != 0) return 0;
  char name[32] = "/proc/self/fd/";
  char digits[12];
  int count = 0;
  do digits[count++] = '0' + fd % 10; while ((fd /= 10) > 0);
  char *end = name + strlen(name);
  while (count > 0) *end++ = digits[--count];
  *end = 0;
  ssize_t length = readlink(name, path, 255);
  if (length <= 0) return 0;
  path[length] = 0;
  char *base = strrchr(path, '/');
  return base && (strcmp(base, "/storm.db") == 0 || strcmp(base, "/storm.db-wal") == 0);
}

static uint64_t next_random(void) {
  uint64_t x = shared->seed | 1;
  x ^= x << 13, x ^= x >> 7, x ^= x << 17;
  return (shared->seed = x) >> 11;
}

static void lose_power(void) {
  struct entry *entries[65536];
  int count = 0;
  for (uint64_t at = 0; at < shared->used && count < 65536; at += ((struct entry *)(arena() + at))->size) {
    struct entry *each = (struct entry *)(arena() + at);
    if (each->live) entries[count++] = each;
  }
  for (int i = count - 1; i >= 0; i--) {
    int file = open(entries[i]->path, O_RDWR);
    if (file < 0) continue;
    if (entries[i]->old_length > 0)
      syscall(SYS_pwrite64, file, entries[i]->data, entries[i]->old_length, entries[i]->offset);
    syscall(SYS_ftruncate, file, entries[i]->old_size);
    syscall(SYS_close, file);
  }
  for (int i = 0; i < count; i++) {
    struct entry *each = entries[i];
    if (next_random() % 2) continue;
    int file = open(each->path, O_RDWR);
    if (file < 0) continue;
    char *after = each->data + each->old_length;
    int torn = next_random() % 4 == 0;
    if (each->truncates) syscall(SYS_ftruncate, file, each->offset);
    for (uint64_t at = 0; at < each->new_length; at += SECTOR) {
      uint64_t part = each->new_length - at < SECTOR ? each->new_length - at : SECTOR;
      if (!torn || next_random() % 2) syscall(SYS_pwrite64, file, after + at, part, each->offset + at);
    }
    syscall(SYS_close, file);
  }
  shared->crashes += 1;
  for (uint64_t i = 0; i < shared->processes; i++)
    if (shared->pids[i] != getpid()) kill(shared->pids[i], SIGKILL);
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

static void forget(uint64_t inode) {
  for (uint64_t at = 0; at < shared->used; at += ((struct entry *)(arena() + at))->size) {
    struct entry *each = (struct entry *)(arena() + at);
    if (each->live && each->inode == inode) each->live = 0, shared->live -= 1;
  }
  if (shared->live == 0) shared->used = 0;
}

// Keeps what a write or a truncation is about to change. The lock is held until it is done, so that no write is between log and file.
static void keep(int fd, const char *path, const struct stat *about, const void *after, uint64_t length, uint64_t offset, int truncates) {
  uint64_t old_size = about->st_size;
  uint64_t old_length = offset >= old_size ? 0 : old_size - offset;
  if (!truncates && old_length > length) old_length = length;
  uint64_t size = (sizeof(struct entry) + old_length + length + 7) & ~7ull;
  if (shared->used + size > ARENA) {
    shared->overflows += 1;
    return;
  }
  struct entry *each = (struct entry *)(arena() + shared->used);
  *each = (struct entry){size, 1, about->st_ino, offset, old_size, old_length, length, truncates, ""};
  strcpy(each->path, path);
  // By the same descriptor: to close another one would drop the locks which SQLite holds in this process.
  if (old_length > 0) syscall(SYS_pread64, fd, each->data, old_length, offset);
  if (length > 0) memcpy(each->data + old_length, after, length);
  shared->used += size;
  shared->live += 1;
}

static void count_operation(void) {
  if (++shared->operations == shared->stop_at) lose_power();
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
  char path[256];
  struct stat about;
  if (!watched(fd, path, &about)) return syscall(SYS_pwrite64, fd, data, length, offset);
  lock();
  fstat(fd, &about);
  keep(fd, path, &about, data, length, offset, 0);
  ssize_t done = syscall(SYS_pwrite64, fd, data, length, offset);
  count_operation();
  unlock();
  return done;
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return pwrite64(fd, data, length, offset); }

int ftruncate64(int fd, off64_t length) {
  char path[256];
  struct stat about;
  if (!watched(fd, path, &about)) return syscall(SYS_ftruncate, fd, length);
  lock();
  fstat(fd, &about);
  keep(fd, path, &about, 0, 0, length, 1);
  int done = syscall(SYS_ftruncate, fd, length);
  count_operation();
  unlock();
  return done;
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

// What is synced is safe from the shim alone, so the disk need not be waited for.
static int synced(int fd, long call) {
  char path[256];
  struct stat about;
  if (!watched(fd, path, &about)) return syscall(call, fd);
  lock();
  count_operation();
  forget(about.st_ino);
  unlock();
  return 0;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }
