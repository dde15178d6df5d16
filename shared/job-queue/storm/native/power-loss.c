// Preloaded into processes that share one store: keeps what was written and not yet synced. Every so many operations it writes down what
// a disk would hold if the power failed now: unsynced writes undone, a random half of them done again, some only in part, by sectors.
// At the last operation it does that to the store itself, and kills every process.
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
#include <sys/wait.h>
#include <stdio.h>
#include <unistd.h>

#define SECTOR 512
#define HEADER 4096
#define ARENA (192ull << 20)
#define MOST_PROCESSES 64

// The first three are set by whoever starts the processes.
struct shared {
  uint64_t stop_at, seed, stride, operations, used, live, crashes, overflows, processes, copies, copy_at;
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

static const char *base_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

// The file of an entry, in place or among the copies; -1 when it was removed since then.
static int file_of(const struct entry *each, const char *copies) {
  char path[512];
  struct stat about;
  if (stat(each->path, &about) != 0 || about.st_ino != each->inode) return -1;
  if (copies) snprintf(path, sizeof path, "%s/%s", copies, base_of(each->path));
  return open(copies ? path : each->path, O_RDWR);
}

static void leave_what_a_disk_would(const char *copies) {
  static struct entry *entries[1 << 20];
  int count = 0;
  for (uint64_t at = 0; at < shared->used && count < 1 << 20; at += ((struct entry *)(arena() + at))->size) {
    struct entry *each = (struct entry *)(arena() + at);
    if (each->live) entries[count++] = each;
  }
  for (int i = count - 1; i >= 0; i--) {
    int file = file_of(entries[i], copies);
    if (file < 0) continue;
    if (entries[i]->old_length > 0)
      syscall(SYS_pwrite64, file, entries[i]->data, entries[i]->old_length, entries[i]->offset);
    syscall(SYS_ftruncate, file, entries[i]->old_size);
    syscall(SYS_close, file);
  }
  for (int i = 0; i < count; i++) {
    struct entry *each = entries[i];
    if (next_random() % 2) continue;
    int file = file_of(each, copies);
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
}

static void copy(const char *folder, const char *name, const char *into) {
  static char buffer[1 << 16];
  char from[512], to[512];
  snprintf(from, sizeof from, "%s/%s", folder, name);
  snprintf(to, sizeof to, "%s/%s", into, name);
  int in = open(from, O_RDONLY), out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  for (ssize_t got; out >= 0 && (got = read(in, buffer, sizeof buffer)) > 0;)
    if (write(out, buffer, got) != got) break;
  if (in >= 0) syscall(SYS_close, in);
  if (out >= 0) syscall(SYS_close, out);
}

static void write_down(void) {
  const char *folder = getenv("POWER_LOSS_STORE"), *copies = getenv("POWER_LOSS_COPIES");
  shared->copies += 1;
  // A process of its own: to close a descriptor of the store here would drop the locks which SQLite holds in this process.
  pid_t child = fork();
  if (child == 0) {
    char into[512], path[640], sizes[128];
    struct stat acknowledged, ran;
    snprintf(into, sizeof into, "%s/%llu", copies, (unsigned long long)shared->copies);
    mkdir(into, 0700);
    snprintf(path, sizeof path, "%s/acknowledged", folder);
    stat(path, &acknowledged);
    snprintf(path, sizeof path, "%s/ran", folder);
    stat(path, &ran);
    copy(folder, "storm.db", into);
    copy(folder, "storm.db-wal", into);
    leave_what_a_disk_would(into);
    snprintf(path, sizeof path, "%s/sizes", into);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int length = snprintf(sizes, sizeof sizes, "%lld %lld", (long long)acknowledged.st_size, (long long)ran.st_size);
    _exit(write(file, sizes, length) == length ? 0 : 1);
  }
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0);
  if (child < 0 || status != 0) shared->overflows += 1;
}

static void lose_power(void) {
  leave_what_a_disk_would(0);
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
  if (++shared->operations >= shared->stop_at) lose_power();
  if (shared->operations < shared->copy_at) return;
  if (shared->copy_at > 0) write_down();
  shared->copy_at = shared->operations + 1 + next_random() % shared->stride;
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

// A name that is removed may come again with the number of the file that had it.
int unlink(const char *path) {
  struct stat about;
  int ours = shared && strcmp(base_of(path), "storm.db-wal") == 0 && stat(path, &about) == 0;
  if (ours) lock(), forget(about.st_ino);
  int done = syscall(SYS_unlink, path);
  if (ours) unlock();
  return done;
}
